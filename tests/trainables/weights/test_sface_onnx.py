"""The reader of block-quantised ONNX weights, against ONNX's own reference implementation."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from trainables.weights.sface_onnx import OnnxFormatError, weight_tensors

BLOCK = 4


def network(blocks: int = 3, block: int = BLOCK, with_zero_point: bool = True) -> bytes:
    """Return y = x + (6, 2, 5) weights stored as (6, 10) 8-bit integers in blocks of 4; the last is cut."""
    rng = np.random.default_rng(0)
    arrays = {
        "w_quantized": rng.integers(-128, 127, (6, 10)).astype(np.int8),
        "w_scale": rng.random((6, blocks)).astype(np.float32),
        "w_zero": rng.integers(-9, 9, (6, blocks)).astype(np.int8),
        "w_shape": np.array([6, 2, 5]),
        "bias": rng.random(3).astype(np.float32),
    }
    inputs = ["w_quantized", "w_scale", "w_zero"] if with_zero_point else ["w_quantized", "w_scale"]
    nodes = [
        helper.make_node("DequantizeLinear", inputs, ["w_flat"], axis=1, block_size=block),
        helper.make_node("Reshape", ["w_flat", "w_shape"], ["w"]),
        helper.make_node("Add", ["x", "w"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [6, 2, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [6, 2, 5])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    return bytes(model.SerializeToString())


def test_weights_are_those_of_the_reference_implementation() -> None:
    data = network()
    nothing = {"x": np.zeros((6, 2, 5), np.float32)}
    expected = ReferenceEvaluator(onnx.load_model_from_string(data)).run(None, nothing)[0]
    weights = weight_tensors(data)
    torch.testing.assert_close(weights["w"], torch.from_numpy(np.array(expected)))
    assert weights["w"].dtype == torch.float32


def test_only_weights_are_returned() -> None:
    assert sorted(weight_tensors(network())) == ["bias", "w", "w_flat", "w_scale"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x08\xff no network", "no ONNX network"),
        (b"", "without weights"),
        (network(blocks=2), "do not cover"),
        (network(blocks=4), "do not cover"),
        (network(block=0), "per block"),
        (network(with_zero_point=False), "zero point"),
    ],
)
def test_what_is_not_understood_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(OnnxFormatError, match=message):
        weight_tensors(data)
