"""dlib's face ResNet: an embedding network of people, as it is, and as the body of a target.

29 convolutions; the published network is trained on pictures of 150x150 and gives 128 numbers. Its ``affine``
layers (BatchNorm made constant) are folded into the convolutions, which is exact.
Source: dlib's ``dnn_face_recognition`` example; weights CC0, D. King.
"""

from collections.abc import Iterator, Mapping

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_spaces import architectures
from trainables.implementations import implements
from trainables.models.target_model import TargetModel
from trainables.storage.archives import archive_member
from trainables.storage.cache import cached
from trainables.weights.dlib_dat import parameter_tensors
from trainables.weights.fitting import require_fit

MEAN = (122.782 / 255, 117.001 / 255, 104.298 / 255)
STD = (256 / 255, 256 / 255, 256 / 255)
"""dlib subtracts 122.782, 117.001, 104.298 from red, green, blue in 0..255 and divides by 256."""

BLOCKS = (
    *((32, 32, 1),) * 3,
    (32, 64, 2),
    *((64, 64, 1),) * 3,
    (64, 128, 2),
    *((128, 128, 1),) * 2,
    (128, 256, 2),
    *((256, 256, 1),) * 2,
    (256, 256, 2),
)
"""(channels in, channels out, stride) of the residual blocks."""

EMBEDDING = 128
MEMBER = "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"


class Residual(nn.Module):
    """Two 3x3 convolutions plus a shortcut: 2x2 mean-pooling for stride 2, zeros for channels that are new.

    ``padded``: the strided convolution sees a border of zeros and small pictures keep their corners; without
    it, as published, the shorter of the two summands gets zeros at its lower and right ends.
    """

    def __init__(self, before: int, after: int, stride: int, padded: bool) -> None:
        super().__init__()
        border = 1 if padded or stride == 1 else 0
        self.main = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, border),
            nn.ReLU(inplace=True),
            nn.Conv2d(after, after, 3, 1, 1),
        )
        self.shortcut = nn.AvgPool2d(2, 2, ceil_mode=padded) if stride == 2 else nn.Identity()

    def forward(self, activations: Tensor) -> Tensor:
        """Return the block's output: (B, in, H, W) to (B, out, H / stride, W / stride)."""
        return F.relu(zero_extended_sum(self.main(activations), self.shortcut(activations)))


def zero_extended_sum(first: Tensor, second: Tensor) -> Tensor:
    """Return the sum of two (B, C, H, W), each first filled up with zeros at the end of every dimension.

    >>> zero_extended_sum(torch.ones(1, 2, 1, 1), torch.ones(1, 1, 1, 2)).flatten().tolist()
    [2.0, 1.0, 1.0, 0.0]
    """
    shape = [max(sizes) for sizes in zip(first.shape, second.shape, strict=True)]
    return _extended(first, shape) + _extended(second, shape)


def _extended(tensor: Tensor, shape: list[int]) -> Tensor:
    missing = [wanted - size for wanted, size in zip(shape, tensor.shape, strict=True)]
    if not any(missing):
        return tensor
    return F.pad(tensor, [side for size in reversed(missing[1:]) for side in (0, size)])


def face_resnet_units(padded: bool) -> dict[str, nn.Module]:
    """Return the 15 units of the body in forward order: ``stem``, ``block1`` to ``block14``.

    Input (B, 3, S, S) normalised; output (B, 256, s, s). ``padded``: with borders, for pictures
    smaller than the 150x150 of the published network, which has none and needs at least 103x103.
    """
    stem = nn.Sequential(
        nn.Conv2d(3, 32, 7, 2, 3 if padded else 0),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1 if padded else 0),
    )
    blocks = {f"block{number}": Residual(*block, padded) for number, block in enumerate(BLOCKS, start=1)}
    return {"stem": stem, **blocks}


def mean_pooling() -> nn.Module:
    """Return the step from the last unit's output (B, C, s, s) to (B, C)."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


class FaceResNet(nn.Module):
    """The published embedding network: colour pictures (B, 3, S, S) in [0, 1], S >= 103, to (B, 128)."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)
        self.units = nn.ModuleDict(face_resnet_units(padded=False))
        self.pool = mean_pooling()
        self.embedding = nn.Linear(256, EMBEDDING, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return the embeddings (B, 128) of ``images``; dlib calls a distance below 0.6 the same person."""
        activations = (images - self.mean) / self.std
        for unit in self.units.values():
            activations = unit(activations)
        embedding: Tensor = self.embedding(self.pool(activations))
        return embedding


class FaceResNetTarget(TargetModel):
    """A target on the body of the face ResNet: body, mean pooling, embedding layer, BatchNorm1d, linear head.

    Takes pictures of any size from 16x16 on; at 64x64 the strided layers get borders of zeros, which the
    published network does without. Hidden layers of BiDO: the ends of the 32, 64, 128 and 256 channel stages
    and the feature.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.set_normalisation(MEAN, STD)
        self.units = nn.ModuleDict(face_resnet_units(padded=True))
        self.residual_stages = [
            [f"block{number}" for number, (_, after, _) in enumerate(BLOCKS, start=1) if after == width]
            for width in (32, 64, 128, 256)
        ]
        self.hidden_units = ("block3", "block7", "block10", "block13")
        self.neck = nn.Sequential(
            mean_pooling(), nn.Linear(256, EMBEDDING, bias=False), nn.BatchNorm1d(EMBEDDING)
        )
        self.head = nn.Linear(EMBEDDING, num_classes)

    def load_embedding_network(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over body and embedding layer from the ``tensors`` of a ``FaceResNet``; the rest stays.

        Raises ``WeightsMismatch`` when names or shapes are others.
        """
        renamed = {name.replace("embedding.", "neck.1."): tensor for name, tensor in tensors.items()}
        own = {name: tensor for name, tensor in self.state_dict().items() if _from_embedding_network(name)}
        require_fit(own, renamed, "FaceResNet")
        self.load_state_dict(renamed, strict=False)


@implements(architectures.FaceResNet)
def face_resnet_target(num_classes: int, resolution: int = 64) -> FaceResNetTarget:
    """Return the target on the body of the face ResNet; it takes pictures of any size."""
    return FaceResNetTarget(num_classes)


def _from_embedding_network(name: str) -> bool:
    return name.startswith(("units.", "neck.1."))


def load_face_resnet() -> FaceResNet:
    """Return the published network with its weights; they are fetched and converted on first use.

    Raises ``trainables.storage.archives.ArchiveError`` when the archive is absent and cannot be fetched.
    """
    network = FaceResNet()
    network.load_state_dict(face_resnet_tensors())
    return network


def face_resnet_tensors() -> dict[str, Tensor]:
    """Return the state of the published ``FaceResNet``, from the cache."""
    return safetensors.torch.load(cached("face_resnet_v1.safetensors", _converted))


def _converted() -> bytes:
    layers = parameter_tensors(archive_member("face_recognition_models", MEMBER))
    return safetensors.torch.save(folded_state(layers))


def folded_state(layers: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the state of ``FaceResNet`` from the ``layers`` of a dlib file, affine layers folded.

    Raises ``WeightsMismatch`` when the number, order or sizes of the layers are others.
    """
    empty = FaceResNet().state_dict()
    convolutions = [name.removesuffix(".weight") for name in empty if name.endswith(".weight")][:-1]
    expected = dict(_layer_shapes(empty, convolutions))
    require_fit({name: torch.empty(shape) for name, shape in expected.items()}, layers, "dlib face ResNet")
    state = {"embedding.weight": layers[list(expected)[-1]].T.contiguous()}
    for number, name in enumerate(convolutions):
        parameters, affine = layers[f"{2 * number}.con_4"], layers[f"{2 * number + 1}.affine_"]
        shape = empty[f"{name}.weight"].shape
        weight, bias = parameters[: shape.numel()].view(shape), parameters[shape.numel() :]
        factor, offset = affine.chunk(2)
        state[f"{name}.weight"] = weight * factor.view(-1, 1, 1, 1)
        state[f"{name}.bias"] = bias * factor + offset
    return state


def _layer_shapes(empty: Mapping[str, Tensor], convolutions: list[str]) -> Iterator[tuple[str, list[int]]]:
    """Yield name and shape of every layer that a dlib file of this network holds."""
    for number, name in enumerate(convolutions):
        weight = empty[f"{name}.weight"]
        yield f"{2 * number}.con_4", [weight.numel() + len(weight)]
        yield f"{2 * number + 1}.affine_", [2 * len(weight)]
    yield f"{2 * len(convolutions)}.fc_2", [256, EMBEDDING]
