"""Reads the weights of an ONNX network whose weights are quantised in blocks of 8-bit integers, as data."""

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper
from torch import Tensor

Array = NDArray[np.generic]


class OnnxFormatError(ValueError):
    """The bytes are not an ONNX network of the known kind."""


def weight_tensors(data: bytes) -> dict[str, Tensor]:
    """Return the floating-point weights of an ONNX network by the names they have in its graph, float32.

    Weights stored as integers are de-quantised, (q - zero point) * scale with one scale per block along one
    axis (operator ``DequantizeLinear``, opset 21), and those that the graph reshapes are returned reshaped.
    Nothing is computed that depends on an input. Raises ``OnnxFormatError``.
    """
    try:
        graph = onnx.load_model_from_string(data).graph
    except DecodeError as error:
        raise OnnxFormatError(f"{len(data)} bytes are no ONNX network: {error}") from error
    known: dict[str, Array] = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    if not known:
        raise OnnxFormatError("an ONNX network without weights")
    for node in graph.node:
        if node.input and all(name in known for name in node.input):
            _derive(node, known)
    return {
        name: torch.from_numpy(np.array(array, np.float32))
        for name, array in known.items()
        if np.issubdtype(array.dtype, np.floating)
    }


def _derive(node: NodeProto, known: dict[str, Array]) -> None:
    """Add the output of ``node`` when it is a de-quantised or reshaped weight."""
    arrays = [known[name] for name in node.input]
    if node.op_type == "DequantizeLinear":
        if len(arrays) != 3:
            raise OnnxFormatError(f"weight {node.input[0]}: a zero point is expected, there is none")
        known[node.output[0]] = _dequantised(node, *arrays)
    elif node.op_type == "Reshape":
        known[node.output[0]] = arrays[0].reshape(arrays[1].tolist())


def _dequantised(node: NodeProto, quantised: Array, scale: Array, zero_point: Array) -> NDArray[np.float32]:
    attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
    if block < 1 or scale.shape != zero_point.shape or scale.ndim != quantised.ndim:
        raise OnnxFormatError(
            f"weight {node.input[0]} {quantised.shape}: only scales and zero points per block are known, "
            f"here block size {block}, scales {scale.shape}, zero points {zero_point.shape}"
        )
    size = quantised.shape[axis]
    offsets, factors = (_per_element(each, axis, block, size) for each in (zero_point, scale))
    return (quantised.astype(np.float32) - offsets) * factors


def _per_element(per_block: Array, axis: int, block: int, size: int) -> NDArray[np.float32]:
    """Return one value per element; the last block may be cut short."""
    repeated = np.repeat(per_block.astype(np.float32), block, axis=axis)
    if not size <= repeated.shape[axis] < size + block:
        raise OnnxFormatError(f"{per_block.shape[axis]} blocks of {block} do not cover {size} values")
    return np.take(repeated, np.arange(size), axis=axis)
