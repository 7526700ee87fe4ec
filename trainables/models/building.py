"""Builds a target from its settings: seeded initial weights, then pre-trained ones below the head."""

from collections.abc import Callable, Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from search_spaces.targets import Architecture, TargetSettings
from trainables.models.face_resnet import FaceResNetTarget, face_resnet_tensors
from trainables.models.small_vgg import small_vgg
from trainables.models.target_model import TargetModel
from trainables.models.vgg16 import VGG
from trainables.weights.fitting import require_fit

ARCHITECTURES: dict[Architecture, Callable[[int, int], TargetModel]] = {
    "face_resnet": lambda num_classes, resolution: FaceResNetTarget(num_classes),
    "vgg16": lambda num_classes, resolution: VGG(num_classes, resolution=resolution),
    "small_vgg": small_vgg,
}
"""From the number of classes and the side of the pictures in pixels to a network."""


class PretrainedUnusable(ValueError):
    """Pre-trained weights that do not exist, cannot be read, or are made for another network."""


def load_face_resnet_body(model: TargetModel) -> None:
    """Load dlib's face ResNet into ``model``. Raises ``PretrainedUnusable`` for another architecture."""
    if not isinstance(model, FaceResNetTarget):
        raise PretrainedUnusable(
            f"pretrained 'face_resnet' fits architecture face_resnet, not {type(model).__name__}"
        )
    model.load_embedding_network(face_resnet_tensors())


PRETRAINED: dict[str, Callable[[TargetModel], None]] = {"face_resnet": load_face_resnet_body}
"""Packaged D_pretrain weights by name: what loads them."""


def build_target(settings: TargetSettings, num_classes: int, resolution: int, seed: int) -> TargetModel:
    """Return the target for square pictures of ``resolution``, on the CPU, in training mode.

    Initial weights depend on ``seed`` alone; those named by ``settings.pretrained`` replace them, except in
    the head and in layers that the pre-trained network lacks. Raises ``PretrainedUnusable``,
    ``WeightsMismatch`` for a file of another network, and ``trainables.archives.ArchiveError`` when
    packaged weights cannot be had.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ARCHITECTURES[settings.architecture](num_classes, resolution)
    if settings.pretrained is not None:
        _load_pretrained(model, settings.pretrained)
    return model


def _load_pretrained(model: TargetModel, source: str) -> None:
    if source.endswith(".safetensors"):
        _load_file(model, Path(source))
    elif source in PRETRAINED:
        PRETRAINED[source](model)
    else:
        raise PretrainedUnusable(
            f"pretrained {source!r}: give {', '.join(sorted(PRETRAINED))}, a .safetensors file, or nothing"
        )


def _load_file(model: TargetModel, path: Path) -> None:
    """Load everything below the head from the state of a target of the same architecture."""
    try:
        state = safetensors.torch.load_file(path)
    except (OSError, SafetensorError) as error:
        raise PretrainedUnusable(f"pretrained {path}: no readable safetensors file ({error})") from error
    given, own = _below_head(state), _below_head(model.state_dict())
    require_fit(own, given, str(path))
    model.load_state_dict(given, strict=False)


def _below_head(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.startswith("head.")}
