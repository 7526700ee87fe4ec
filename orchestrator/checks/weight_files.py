"""Weights that settings name: files are found, hashed and fitted to their network, names looked up."""

import hashlib
from pathlib import Path

from orchestrator.errors import InvalidRequest
from search_spaces import Setup, Space, Sweep
from search_spaces.architectures import packaged_for
from search_spaces.evaluation import EvaluatorSettings, TrainedClassifier
from search_spaces.setting_errors import did_you_mean
from search_spaces.space import Pretrained
from search_spaces.targets import TargetSettings

PACKAGED = packaged_for()
"""D_pretrain weights that come with the embedded data -> the architecture that they fit."""

HUBS = ("torchvision", "timm")
"""Public collections, as in ``torchvision:IMAGENET1K_V1``; fetched when the first target is trained."""

FOREIGN = (".pth", ".pt", ".tar", ".ckpt", ".bin", ".pkl")
"""Suffixes of checkpoints that are pickles: they are converted once, and never read by a sweep."""


def pinned_target(target: TargetSettings) -> TargetSettings:
    """Return ``target`` with its file of weights, if it names one, as absolute path and hash.

    Raises ``InvalidRequest`` when there is no such file, or another one than its given hash says.
    """
    source, sha256 = pinned("target.pretrained", target.pretrained, target.pretrained_sha256)
    if (source, sha256) == (target.pretrained, target.pretrained_sha256):
        return target
    return target.model_copy(update={"pretrained": source, "pretrained_sha256": sha256})


def pinned_evaluators(setup: Setup) -> tuple[EvaluatorSettings, ...]:
    """Return the evaluators of ``setup``, each checkpoint as absolute path and hash; raises as above."""
    return tuple(_pinned_evaluator(number, one) for number, one in enumerate(setup.evaluators))


def pinned_space(space: Space, setup: Setup) -> Space:
    """Return ``space`` with the D_pretrain weights listed for the T of ``setup`` pinned; raises as above."""
    architecture = setup.target.architecture
    own = space.per_target.get(architecture)
    if own is None or not own.pretrained:
        return space
    where = f"per_target.{architecture}.pretrained"
    weights = tuple(_pinned_weights(where, one) for one in own.pretrained)
    changed = own.model_copy(update={"pretrained": weights})
    return space.model_copy(update={"per_target": {**space.per_target, architecture: changed}})


def pinned(where: str, source: str | None, sha256: str | None) -> tuple[str | None, str | None]:
    """Return the absolute path and the SHA-256 of a file of weights; names of weights as they are.

    Raises ``InvalidRequest`` as ``pinned_target`` does, for a checkpoint that must be converted first, and
    for a name that nobody knows.
    """
    if source is None:
        return source, sha256
    path = Path(source)
    if path.suffix in FOREIGN:
        raise InvalidRequest(
            f"{where}: {source} may hold code, so it is not read; convert it once with "
            f"tldmi-sweep convert {source} --architecture NAME -o {path.with_suffix('.safetensors')}"
        )
    if path.suffix != ".safetensors":
        return _known_name(where, source), sha256
    if not path.is_file():
        raise InvalidRequest(f"{where}: there is no file {source}; give the path of a .safetensors file")
    found = _sha256(path)
    if sha256 is not None and found != sha256:
        raise InvalidRequest(
            f"{where}: {source} is not the file meant: its SHA-256 is {found}, not {sha256}; "
            "give the right file, or leave the hash out to take this one"
        )
    return str(path.absolute()), found


def check_fit(sweep: Sweep) -> None:
    """Raise a ``ValueError`` unless the D_pretrain weights fit the T of ``sweep``, as far as they are here.

    Builds the network, which imports torch, only when there is a file of weights.
    """
    for target in sweep.targets:
        fits = PACKAGED.get(target.pretrained or "", target.architecture)
        if fits != target.architecture:
            raise InvalidRequest(
                f"target.pretrained: {target.pretrained} fits architecture {fits}, not "
                f"{target.architecture}; take that architecture, other weights, or null for none"
            )
        _check_hub_name(target)
    named = [target for target in sweep.targets if (target.pretrained or "").endswith(".safetensors")]
    if not named:
        return
    from trainables.models import build_target

    for target in named:
        build_target(target, num_classes=2, resolution=sweep.setup.data.side, seed=0)


def _check_hub_name(target: TargetSettings) -> None:
    """Refuse weights that a collection does not have for this T; it is asked only when need be."""
    source = target.pretrained or ""
    hub, _, name = source.partition(":")
    if hub not in HUBS or source in target.network.usual_weights:
        return
    from trainables.models.pretrained import hub_names

    known = hub_names(hub, target.architecture)
    if name not in known:
        raise InvalidRequest(
            f"target.pretrained: {hub} has no weights {name!r} for {target.architecture}; there are "
            f"{', '.join(known)}.{did_you_mean(name, known)}"
        )


def _known_name(where: str, name: str) -> str:
    hub, colon, _ = name.partition(":")
    if name in PACKAGED or (colon and hub in HUBS):
        return name
    known = [*PACKAGED, *(f"{hub}:NAME" for hub in HUBS)]
    raise InvalidRequest(
        f"{where}: unknown weights {name!r}; there are {', '.join(known)}, a .safetensors file, or null."
        f"{did_you_mean(name, known)}"
    )


def _pinned_weights(where: str, weights: Pretrained) -> Pretrained:
    source, sha256 = pinned(where, weights.source, weights.sha256)
    return Pretrained(source=source, sha256=sha256)


def _pinned_evaluator(number: int, evaluator: EvaluatorSettings) -> EvaluatorSettings:
    if not isinstance(evaluator, TrainedClassifier) or evaluator.checkpoint is None:
        return evaluator
    where = f"evaluators.{number}.checkpoint"
    source, sha256 = pinned(where, str(evaluator.checkpoint), evaluator.checkpoint_sha256)
    if source is None or Path(source).suffix != ".safetensors":
        raise InvalidRequest(f"{where}: give a .safetensors file, not {evaluator.checkpoint}")
    return evaluator.model_copy(update={"checkpoint": Path(source), "checkpoint_sha256": sha256})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
