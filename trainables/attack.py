"""The step that attacks one T, judges the reconstructions, and writes them and, last, the attack's row."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from results.schema import ATTACKS, TIMING_COLUMNS
from results.stores.store import Store
from search_spaces import AttackConfig
from search_spaces.attacks import StudentRecipe
from search_spaces.settings import Settings
from trainables.attacks import Attacker, Reconstructions, run_attack_method
from trainables.attacks.students import check_weights
from trainables.build import StepFailed, StepOutcome, builds, piece_row, require_row
from trainables.datasets import load_data
from trainables.datasets.dataset import FaceData
from trainables.generators import Prior
from trainables.judging.generator_quality import record_generator
from trainables.judging.judge_attack import judge_attack
from trainables.judging.judging import load_judge
from trainables.judging.tables import described
from trainables.memory import with_batches_that_fit
from trainables.metrics.inception import load_inception
from trainables.metrics.lpips import load_perceptual_network
from trainables.models.target_model import TargetModel
from trainables.prior import load_prior
from trainables.step import device, provenance, single_threaded, started
from trainables.storage.checkpoint import Checkpoint, remove_checkpoints
from trainables.target import load_target
from trainables.tensor_pieces import load_built

_ROUNDING = 1e-3


@builds(AttackConfig)
def run_attack(config: AttackConfig, store: Store) -> StepOutcome:
    """Attack the T of ``config`` and write reconstructions and metrics; T must be in the store.

    Prior, evaluators and what is made of T that the store lacks are built first. An attack that was preempted
    goes on with the rows it had kept; when memory lacks, it is done again with half the micro-batch. Returns
    at once when the store has the attack's row. An attack that diverges, or a piece of it, becomes a failed
    row with its reason. Raises the store's errors, ``TargetMissing``, ``OutOfMemory``, and
    ``ValueError`` for data, T, generator or settings that cannot be used.
    """
    row = piece_row(config, store)
    if row is not None:
        return _outcome(row, "found")
    single_threaded(config.target.threads)
    start = started()
    row = _attacked(config, store)
    store.write_rows("attacks", config.piece_id, [{**row, **provenance(start)}])
    remove_checkpoints(store, config.piece_id)
    return _outcome(row, "done")


def _attacked(config: AttackConfig, store: Store) -> dict[str, Any]:
    data = load_data(config.target.data)
    target = load_target(config.target, store)
    classes = attacked_classes(config.attacked_classes, data.num_classes)
    check_target(target, data)
    trained = require_row(config.target, store)
    row = described(config, trained, len(classes))
    try:
        measured = _measured(config, store, data, target, trained["artifact_sha256"])
        return {**row, "status": "done", "reason": None, **measured}
    except StepFailed as failure:
        return {**row, "status": "failed", "reason": str(failure)}


def _measured(
    config: AttackConfig, store: Store, data: FaceData, target: TargetModel, weights: str
) -> dict[str, Any]:
    """Return the columns of the attack on ``target``, whose file of ``weights`` has this SHA-256.

    ``preparation_seconds``: what building the pieces of this T took that the attack uses, from their rows;
    a piece that several attacks share counts for each of them.
    """
    prior = load_prior(config.prior_config, store)
    check_prior(prior, data)
    judges = [load_judge(evaluator, store, data) for evaluator in config.evaluator_configs]
    record_generator(config, store, data, prior, judges[0])
    start = time.perf_counter()
    pieces = _TargetPieces(config, store)
    attacker = Attacker(target, prior, data.public.images, pieces)
    inverted = _inverted(config, store, attacker, {"target": weights, "data": data.content_hash})
    attacked = time.perf_counter()
    return {
        **judge_attack(config, store, data, target, judges, inverted.result),
        "micro_batch": inverted.micro_batch,
        "preparation_seconds": pieces.seconds_to_build(),
        "attack_seconds": attacked - start - pieces.seconds_here + inverted.seconds_before,
        "judging_seconds": time.perf_counter() - attacked,
    }


class _Inverted(NamedTuple):
    """What an attack made, the micro-batch that memory allowed, and the seconds of runs before this one."""

    result: Reconstructions
    micro_batch: int
    seconds_before: float


def _inverted(config: AttackConfig, store: Store, attacker: Attacker, of: Mapping[str, str]) -> _Inverted:
    """Return the reconstructions; rows that a preempted run has kept go on, less memory is smaller batches.

    Each micro-batch has a checkpoint of its own, since another would round otherwise.
    """
    classes = attacked_classes(config.attacked_classes, attacker.target.head.out_features)

    def with_micro_batch(size: int) -> tuple[Reconstructions, float]:
        """Return the result, and the seconds of earlier runs."""
        progress = Checkpoint(store, f"{config.piece_id}-{size}", of)
        settings = config.attack.model_copy(update={"micro_batch": size})
        result = run_attack_method(settings, replace(attacker, progress=progress), classes)
        return result, progress.seconds_before

    what = f"attack {config.attack.kind}"
    most = config.attack.micro_batch_size(device().type)
    (result, before), size = with_batches_that_fit(with_micro_batch, most, what)
    return _Inverted(result, size, before)


class _TargetPieces:
    """The pieces of this T that the attack uses, read from the store; what it lacks is built first."""

    def __init__(self, config: AttackConfig, store: Store) -> None:
        self._pieces = config.target_pieces
        self._store = store
        self.seconds_here = 0.0
        """Wall time spent here on reading them, and on building those that the store lacked."""

    def __call__(self, settings: Settings, build: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        """Return the tensors of the piece with these ``settings``; attackers without a store ``build`` it.

        Raises ``LookupError`` when the attack's settings name no such piece, ``StepFailed`` when it failed.
        """
        start = time.perf_counter()
        for piece in self._pieces:
            if piece.settings == settings:
                tensors = load_built(piece, self._store)
                self.seconds_here += time.perf_counter() - start
                return tensors
        named = ", ".join(piece.name for piece in self._pieces) or "none"
        raise LookupError(
            f"the attack asks for a piece made of {settings!r}, but its settings name {named}; "
            "add it to target_pieces"
        )

    def seconds_to_build(self) -> float:
        """Return the wall time that building took, whoever did it, from the rows of the pieces."""
        rows = (piece_row(piece, self._store) for piece in self._pieces)
        return sum((float(row["seconds"]) for row in rows if row is not None), 0.0)


class NotAttackable(ValueError):
    """T, prior and data do not belong together, or there is nothing to attack."""


def attacked_classes(wanted: int | None, classes: int) -> range:
    """Return the classes to attack: the first ``wanted`` of D_priv, or all without a number.

    The same for every T, so that defences are compared on the same people. Raises ``NotAttackable`` when
    there are fewer than asked for, or none.
    """
    if wanted is None:
        wanted = classes
    if not 1 <= wanted <= classes:
        raise NotAttackable(
            f"attacked_classes {wanted}: the data have {classes} private classes; "
            f"give 1 to {classes}, or leave it out to attack all"
        )
    return range(wanted)


def check_target(target: TargetModel, data: FaceData) -> None:
    """Raise ``NotAttackable`` unless T has one output per private class."""
    outputs = target.head.out_features
    if outputs != data.num_classes:
        raise NotAttackable(
            f"the target has {outputs} classes, data set {data.name} has {data.num_classes} private classes; "
            "attack a target that was trained on these data"
        )


def check_prior(prior: Prior, data: FaceData) -> None:
    """Raise ``NotAttackable`` unless T can be shown the pictures of the prior: their size and range fit.

    One picture of each space is made, on the device of all steps.
    """
    for space in prior.spaces:
        with torch.no_grad():
            latents = prior.sample(1, torch.Generator().manual_seed(0), space).to(prior.like())
            own = prior.decode(latents, space)
            _check_pictures(prior.to_target(own), own, data)


def _check_pictures(shown: Tensor, own: Tensor, data: FaceData) -> None:
    made, wanted = tuple(shown.shape[1:]), (data.channels, data.resolution, data.resolution)
    if made != wanted:
        raise NotAttackable(
            f"the prior makes pictures of shape {made}, data set {data.name} has {wanted}; "
            "give a prior of that shape, or its resolution"
        )
    low, high = (float(bound) for bound in own.aminmax())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise NotAttackable(
            f"the prior makes pixels from {low:.3g} to {high:.3g}; pictures are in [0, 1] here: "
            "map its output, for [-1, 1] by x / 2 + 0.5"
        )


def check_files(attacks: Sequence[AttackConfig]) -> None:
    """Raise ``FileUnusable`` or ``WeightsMismatch`` unless all files that ``attacks`` name can be used."""
    for quality in {config.image_quality for config in attacks}:
        load_inception(quality)
        load_perceptual_network(quality)
    for recipe in {piece.settings for config in attacks for piece in config.target_pieces}:
        if isinstance(recipe, StudentRecipe):
            check_weights(recipe)


def _outcome(row: Mapping[str, Any], status: str) -> StepOutcome:
    values = {name: row.get(name) for name in ATTACKS.names if name not in TIMING_COLUMNS}
    if row["status"] == "failed":
        return StepOutcome("failed", row["reason"], values)
    return StepOutcome("done" if status == "done" else "found", None, values)
