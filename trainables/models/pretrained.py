"""D_pretrain weights of a target: packaged ones, those of torchvision and timm by name, or a local file."""

from collections.abc import Callable, Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from search_spaces.architectures import ARCHITECTURES, Hub
from search_spaces.files import FileUnusable, PinnedFile
from trainables.models.face_resnet import FaceResNetTarget, face_resnet_tensors
from trainables.models.target_model import TargetModel
from trainables.weights.fitting import require_fit
from trainables.weights.published_names import own_state

EVALUATORS: Mapping[Hub, Mapping[str, str]] = {"torchvision": {"inception_v3": "inception_v3"}, "timm": {}}
"""What a collection calls the networks that only judge."""


class PretrainedUnusable(ValueError):
    """Pre-trained weights that do not exist, cannot be read or fetched, or are made for another network."""


def load_face_resnet_body(model: TargetModel) -> None:
    """Load dlib's face ResNet into ``model``. Raises ``PretrainedUnusable`` for another architecture."""
    if not isinstance(model, FaceResNetTarget):
        raise PretrainedUnusable(
            f"pretrained 'face_resnet' fits architecture face_resnet, not {type(model).__name__}"
        )
    model.load_embedding_network(face_resnet_tensors())


PRETRAINED: dict[str, Callable[[TargetModel], None]] = {"face_resnet": load_face_resnet_body}
"""Packaged D_pretrain weights by name: what loads them."""


def load_pretrained(model: TargetModel, architecture: str, source: PinnedFile | str) -> None:
    """Load what ``source`` has below the head into ``model``; head and normalisation stay.

    ``source`` is a packaged name (``face_resnet``), ``torchvision:NAME`` (``IMAGENET1K_V1``), ``timm:TAG``
    (``in1k``) or a ``.safetensors`` file of a target of this architecture. The units must be there whole; the
    neck whole or not at all (then it stays new: the 64x64 networks cannot take over the last layers of a
    112x112 one). Raises ``PretrainedUnusable``, and ``WeightsMismatch`` with a list of the names that do not
    fit; the model is then as before.
    """
    if isinstance(source, PinnedFile):
        load_below_head(model, read_weights(source), str(source.path))
        return
    kind, _, name = source.partition(":")
    if source in PRETRAINED:
        PRETRAINED[source](model)
    elif kind in HUBS and name:
        load_below_head(model, own_state(architecture, HUBS[kind](architecture, name)), source)
    else:
        raise PretrainedUnusable(
            f"pretrained {source!r}: give {', '.join(sorted(PRETRAINED))}, torchvision:NAME, timm:TAG, a "
            ".safetensors file (`tldmi-sweep convert` makes one from a checkpoint), or null"
        )


def read_weights(file: PinnedFile) -> dict[str, Tensor]:
    """Return the tensors in a ``.safetensors`` file.

    Raises ``PretrainedUnusable`` when it cannot be read, or is another file than its hash says.
    """
    try:
        return safetensors.torch.load(file.read_bytes())
    except (FileUnusable, SafetensorError) as error:
        raise PretrainedUnusable(f"weights {file.path}: no readable safetensors file ({error})") from error


def load_below_head(model: TargetModel, state: Mapping[str, Tensor], source: str) -> None:
    """Load what ``state`` has below the head, as ``load_pretrained`` does; ``source`` is for messages."""
    given = {name: tensor for name, tensor in state.items() if not _kept_by_model(name)}
    first, *others = model.pretrained_parts
    parts = (first, *(part for part in others if any(name.startswith(part) for name in given)))
    own = {name: tensor for name, tensor in model.state_dict().items() if name.startswith(parts)}
    require_fit(own, given, source)
    model.load_state_dict(given, strict=False)


def _kept_by_model(name: str) -> bool:
    return name.startswith("head.") or name in {"mean", "std"}


def hub_names(hub: str, architecture: str) -> list[str]:
    """Return the names of the weights that ``hub`` has for ``architecture``; fetches nothing.

    Raises ``PretrainedUnusable`` for a network that the hub does not have.
    """
    if hub == "torchvision":
        from torchvision.models import get_model_weights

        return list(get_model_weights(_hub_name("torchvision", architecture)).__members__)
    import timm

    network = _hub_name("timm", architecture)
    return [name.partition(".")[2] for name in timm.list_models(f"{network}.*", pretrained=True)]


def torchvision_state(architecture: str, name: str) -> dict[str, Tensor]:
    """Return the weights ``name`` of torchvision's network; they are fetched once into torch's hub folder.

    Raises ``PretrainedUnusable`` for an unknown name, and when they are not there and cannot be fetched.
    """
    from torchvision.models import get_model_weights

    known = get_model_weights(_hub_name("torchvision", architecture)).__members__
    if name not in known:
        raise PretrainedUnusable(f"torchvision:{name}: for {architecture} there are {', '.join(known)}")
    url = known[name].url
    try:
        state: dict[str, Tensor] = torch.hub.load_state_dict_from_url(
            url, map_location="cpu", progress=False, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:
        folder = Path(torch.hub.get_dir()) / "checkpoints"
        raise PretrainedUnusable(
            f"torchvision:{name} of {architecture} is unavailable ({error}). Download {url} into {folder}, "
            "or convert it with `tldmi-sweep convert` and give the .safetensors file"
        ) from error
    return state


def timm_state(architecture: str, tag: str) -> dict[str, Tensor]:
    """Return the weights ``tag`` of timm's network; they are fetched once into the Hugging Face cache.

    Raises ``PretrainedUnusable`` for an unknown tag, and when they are not there and cannot be fetched.
    """
    import timm

    name = f"{_hub_name('timm', architecture)}.{tag}"
    known = timm.list_models(f"{name.partition('.')[0]}.*", pretrained=True)
    if name not in known:
        tags = ", ".join(each.partition(".")[2] for each in known)
        raise PretrainedUnusable(f"timm:{tag}: for {architecture} there are {tags}")
    try:
        return dict(timm.create_model(name, pretrained=True).state_dict())
    except (OSError, RuntimeError) as error:
        raise PretrainedUnusable(
            f"timm:{tag} of {architecture} is unavailable ({error}). Fetch "
            f"https://huggingface.co/timm/{name} elsewhere, convert its model.safetensors with "
            "`tldmi-sweep convert` and give that file"
        ) from error


HUBS: dict[str, Callable[[str, str], dict[str, Tensor]]] = {
    "torchvision": torchvision_state,
    "timm": timm_state,
}
"""Public collections of weights: from architecture and name to the state as published."""


def _hub_name(hub: Hub, architecture: str) -> str:
    """Return what ``hub`` calls the network. Raises ``PretrainedUnusable`` for one that it does not have."""
    names = {own.kind_name(): own.hub_names[hub] for own in ARCHITECTURES if hub in own.hub_names}
    names |= EVALUATORS[hub]
    if architecture not in names:
        raise PretrainedUnusable(
            f"{hub} has no weights for architecture {architecture}, only for {', '.join(names)}; "
            "give a .safetensors file, or null"
        )
    return names[architecture]
