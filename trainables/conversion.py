"""Turns published checkpoints into the ``.safetensors`` files that targets and evaluators start from."""

import hashlib
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from search_spaces.architectures import ARCHITECTURES
from trainables.models.building import build_network
from trainables.models.inception import InceptionV3
from trainables.models.ir_network import IRSE50, facenet112
from trainables.models.target_model import TargetModel
from trainables.weights.fitting import SHOWN, require_fit
from trainables.weights.published_names import RULES, own_name

COUNTER = "num_batches_tracked"
"""Entry of BatchNorm that checkpoints of old PyTorch lack; nothing reads it but a momentum of ``None``."""

ENTRIES = ("state_dict", "model_state_dict", "model", "net")
"""Under which a checkpoint may hold the weights beside other things."""

UNREADABLE = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, EOFError)
"""What reading a file that is no checkpoint raises; torn pickles raise what their bytes happen to mean."""

Builder = Callable[[int], TargetModel]


def _builder(architecture: str) -> Builder:
    """Return what builds the published network from its number of classes, at its published resolution."""
    if architecture == "facenet112":
        return facenet112
    if architecture == "ir_se50":
        return lambda classes: IRSE50(classes, decoder=False)
    if architecture == "inception_v3":
        return InceptionV3
    resolution = ARCHITECTURES[architecture].published_side
    return lambda classes: build_network(architecture, classes, resolution)


class CheckpointUnusable(ValueError):
    """A checkpoint that cannot be read, holds no weights, or is for an architecture that is not known."""


@dataclass(frozen=True)
class ConversionReport:
    """What ``convert_checkpoint`` wrote.

    ``sha256`` is that of the file at ``destination``; ``classes`` are those of the head (``None``: the file
    has no head); ``left_out`` are the names in the source that our network has no place for.
    """

    architecture: str
    destination: Path
    sha256: str
    tensors: int
    classes: int | None
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        """Return the report as lines for a terminal."""
        head = "no head" if self.classes is None else f"a head of {self.classes} classes"
        lines = [
            f"{self.destination}: {self.tensors} tensors of {self.architecture}, {head}",
            f"SHA-256 {self.sha256}",
        ]
        if self.left_out:
            lines.append(f"left out: {', '.join(self.left_out)}")
        return "\n".join(lines)


def convert_checkpoint(source: Path, architecture: str, destination: Path) -> ConversionReport:
    """Write the weights in ``source`` under our names to ``destination`` and return what was written.

    ``source`` is a ``.safetensors`` file, or a ``.pth``, ``.pt`` or ``.tar`` of tensors and plain
    containers (it is read with ``weights_only``, so no code in it can run), where the weights may lie under
    ``state_dict``, ``model_state_dict``, ``model`` or ``net`` and below the prefixes of DataParallel and
    ``torch.compile``. Known sources: torchvision, timm's ResNeSt, face.evoLVe and InsightFace backbones,
    and the VGG16, IR152, FaceNet64 and FaceNet112 classifiers of KEDMI, BiDO and TL-DMI. The units must fit
    whole. The last layers (neck) are left out when their shapes are those of another picture size, and the
    head when it is of another width. Raises ``CheckpointUnusable``, and ``WeightsMismatch`` with a list of
    the names that do not fit.
    """
    if architecture not in RULES:
        raise CheckpointUnusable(f"architecture {architecture!r}: known sources are for {', '.join(RULES)}")
    published = checkpoint_tensors(source)
    names = {name: own_name(architecture, name) for name in published}
    given = {own: published[name] for name, own in names.items() if own is not None}
    kept = _fitting(given, architecture, str(source))
    data = safetensors.torch.save({name: tensor.clone() for name, tensor in kept.items()})
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_bytes(data)
    return ConversionReport(
        architecture=architecture,
        destination=destination,
        sha256=hashlib.sha256(data).hexdigest(),
        tensors=len(kept),
        classes=len(kept["head.weight"]) if "head.weight" in kept else None,
        left_out=tuple(name for name, own in names.items() if own not in kept),
    )


def checkpoint_tensors(source: Path) -> dict[str, Tensor]:
    """Return the named tensors in ``source``, on the CPU. Raises ``CheckpointUnusable``."""
    try:
        if source.suffix == ".safetensors":
            return safetensors.torch.load_file(source)
        content = torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # torch's own text advises to execute what the file holds
        raise CheckpointUnusable(
            f"{source}: no readable checkpoint of tensors alone (it is damaged, or holds objects of Python, "
            "which are never executed here); save the network's state_dict() where it was made"
        ) from error
    except (*UNREADABLE, SafetensorError) as error:
        raise CheckpointUnusable(f"{source}: no readable checkpoint of tensors alone ({error})") from error
    return _unpacked(content, source)


def _unpacked(content: object, source: Path) -> dict[str, Tensor]:
    """Return the state in ``content``, which may be that state or hold it under one of ``ENTRIES``."""
    if not isinstance(content, Mapping):
        raise CheckpointUnusable(f"{source}: holds {type(content).__name__}, not named tensors")
    for entry in ENTRIES:
        if isinstance(content.get(entry), Mapping):
            return _unpacked(content[entry], source)
    others = sorted(str(name) for name, value in content.items() if not isinstance(value, Tensor))
    if others or not content:
        raise CheckpointUnusable(
            f"{source}: named tensors are expected, alone or under {', '.join(ENTRIES)}; "
            f"found {', '.join(others[:SHOWN]) or 'nothing'}"
        )
    return dict(content)


def _fitting(given: Mapping[str, Tensor], architecture: str, source: str) -> dict[str, Tensor]:
    """Return what our network can take over of ``given``. Raises ``WeightsMismatch``."""
    classes = len(given["head.weight"]) if "head.weight" in given else 1
    with torch.device("meta"):
        model = _builder(architecture)(classes)
    expected = {name: tensor for name, tensor in model.state_dict().items() if name not in {"mean", "std"}}
    first, *others = (*model.pretrained_parts, "head.")
    dropped = tuple(part for part in others if _of_another_size(part, given, expected))
    kept = {name: tensor for name, tensor in given.items() if not name.startswith(dropped)}
    kept |= _counters(kept, expected)
    parts = (first, *(part for part in others if any(name.startswith(part) for name in kept)))
    require_fit({name: tensor for name, tensor in expected.items() if name.startswith(parts)}, kept, source)
    return kept


def _of_another_size(part: str, given: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> bool:
    """Return whether linear layers of ``part`` are made for another number of inputs."""
    linear = [name for name, tensor in expected.items() if name.startswith(part) and tensor.ndim == 2]
    return any(name in given and given[name].shape[1:] != expected[name].shape[1:] for name in linear)


def _counters(given: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the counters of BatchNorm that ``given`` lacks although it has the statistics."""
    absent = [name for name in expected if name.endswith(COUNTER) and name not in given]
    return {name: torch.tensor(0) for name in absent if name.replace(COUNTER, "running_mean") in given}
