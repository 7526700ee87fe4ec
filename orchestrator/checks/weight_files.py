"""Weights that settings name: names are looked up, files are fitted to their network."""

from orchestrator.errors import InvalidRequest
from search_spaces import Sweep
from search_spaces.architectures import packaged_for
from search_spaces.evaluation import TrainedClassifier
from search_spaces.files import PinnedFile
from search_spaces.setting_errors import did_you_mean
from search_spaces.targets import TargetSettings

PACKAGED = packaged_for()
"""D_pretrain weights that come with the embedded data -> the architecture that they fit."""

HUBS = ("torchvision", "timm")
"""Public collections, as in ``torchvision:IMAGENET1K_V1``; fetched when the first target is trained."""


def check_fit(sweep: Sweep) -> None:
    """Raise a ``ValueError`` unless the weights of ``sweep`` fit their networks, as far as they are here.

    Builds the network, which imports torch, only when there is a file of weights.
    """
    for number, evaluator in enumerate(sweep.setup.evaluators):
        if isinstance(evaluator, TrainedClassifier) and isinstance(evaluator.pretrained, str):
            _check_known(f"evaluators.{number}.pretrained", evaluator.pretrained)
    for target in sweep.targets:
        if isinstance(target.pretrained, str):
            _check_name(target, target.pretrained)
    named = [target for target in sweep.targets if isinstance(target.pretrained, PinnedFile)]
    if not named:
        return
    from trainables.models import build_target

    for target in named:
        build_target(target, num_classes=2, resolution=sweep.setup.data.side, seed=0)


def _check_name(target: TargetSettings, name: str) -> None:
    """Refuse weights that are for another T, or that a collection does not have for this one."""
    _check_known("target.pretrained", name)
    fits = PACKAGED.get(name, target.architecture)
    if fits != target.architecture:
        raise InvalidRequest(
            f"target.pretrained: {name} fits architecture {fits}, not {target.architecture}; take that "
            "architecture, other weights, or null for none"
        )
    if name not in PACKAGED and name not in target.network.usual_weights:
        _check_hub_name(target.architecture, name)


def _check_hub_name(architecture: str, source: str) -> None:
    from trainables.models.pretrained import hub_names

    hub, _, name = source.partition(":")
    known = hub_names(hub, architecture)
    if name not in known:
        raise InvalidRequest(
            f"target.pretrained: {hub} has no weights {name!r} for {architecture}; there are "
            f"{', '.join(known)}.{did_you_mean(name, known)}"
        )


def _check_known(where: str, name: str) -> None:
    hub, colon, _ = name.partition(":")
    if name in PACKAGED or (colon and hub in HUBS):
        return
    known = [*PACKAGED, *(f"{hub}:NAME" for hub in HUBS)]
    raise InvalidRequest(
        f"{where}: unknown weights {name!r}; there are {', '.join(known)}, a .safetensors file, or null."
        f"{did_you_mean(name, known)}"
    )
