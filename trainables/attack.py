"""The step that attacks one T, judges the reconstructions, and writes them and, last, the attack's row."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from torch import Tensor

from results.schema import TIMING_COLUMNS
from results.stores.store import Store, open_store
from search_spaces import AttackConfig, identity
from search_spaces.settings import Settings
from trainables.attack_checks import attacked_classes, check_prior, check_target
from trainables.attacks import AttackDiverged, Attacker, Reconstructions, run_attack_method
from trainables.datasets import load_data
from trainables.datasets.dataset import FaceData
from trainables.judging.generator_quality import record_generator
from trainables.judging.image_quality import quality_columns, with_perceptual_distances
from trainables.judging.judging import Judge, judged, load_judge, target_probability
from trainables.judging.sheet import contact_sheet, sheet_layout
from trainables.judging.tables import (
    counted,
    described,
    headline_columns,
    reconstruction_rows,
    second_columns,
)
from trainables.models.target_model import TargetModel
from trainables.out_of_memory import training_memory, with_batches_that_fit
from trainables.prior import load_prior
from trainables.step import StepFailed, StepOutcome, device, provenance, single_threaded, started
from trainables.storage.artifacts import load_or_build
from trainables.storage.checkpoint import Checkpoint, remove_checkpoints
from trainables.target import load_target, target_row


def run_attack(config: AttackConfig, store_uri: str) -> StepOutcome:
    """Attack the T of ``config`` and write reconstructions and metrics; T must be in the store.

    Generator and evaluators that the store lacks are built first. An attack that was preempted goes on with
    the rows it had kept; when memory lacks, it is done again with half the micro-batch. Returns at once when
    the store has the attack's row. An attack that diverges, or whose generator or evaluator does, becomes a
    failed row with its reason. Raises the store's errors, ``TargetMissing``, ``OutOfMemory``, and
    ``ValueError`` for data, T, generator or settings that cannot be used.
    """
    store = open_store(store_uri)
    row = attack_row(config, store)
    if row is not None:
        return _outcome(row, "found")
    single_threaded(config.target.threads)
    start = started()
    row = _attacked(config, store)
    store.write_rows("attacks", config.piece_id, [{**row, **provenance(start)}])
    remove_checkpoints(store, config.piece_id)
    return _outcome(row, "done")


def attack_row(config: AttackConfig, store: Store) -> dict[str, Any] | None:
    """Return the row of this attack in the attacks table, or ``None``."""
    if not store.has_rows("attacks", config.piece_id):
        return None
    row: dict[str, Any] = store.read_rows("attacks", config.piece_id).to_pylist()[0]
    return row


def _attacked(config: AttackConfig, store: Store) -> dict[str, Any]:
    data = load_data(config.target.data)
    target = load_target(config.target, store)
    classes = attacked_classes(config.attacked_classes, data.num_classes)
    check_target(target, data)
    trained = target_row(config.target, store)
    assert trained is not None  # else load_target has raised
    row = described(config, trained, len(classes))
    try:
        measured = _measured(config, store, data, target, trained["artifact_sha256"])
        return {**row, "status": "done", "reason": None, **measured}
    except (AttackDiverged, StepFailed) as failure:
        return {**row, "status": "failed", "reason": str(failure)}


def _measured(
    config: AttackConfig, store: Store, data: FaceData, target: TargetModel, weights: str
) -> dict[str, Any]:
    """Return the columns of the attack on ``target``, whose file of ``weights`` has this SHA-256."""
    prior = load_prior(config.prior_config, store)
    check_prior(prior, data)
    judges = [load_judge(evaluator, store, data) for evaluator in config.evaluator_configs]
    record_generator(config, store, data, prior, judges[0])
    start = time.perf_counter()
    kept = _Kept(config, store, weights)
    attacker = Attacker(target, prior, data.public.images, kept)
    found = _inverted(config, store, attacker, {"target": weights, "data": data.content_hash})
    attacked = time.perf_counter()
    return {
        **_judged_and_kept(config, store, data, target, judges, found.result),
        "micro_batch": found.micro_batch,
        "preparation_seconds": kept.seconds,
        "attack_seconds": attacked - start - kept.seconds + found.seconds_before,
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


class _Kept:
    """Keeps what an attack makes of its T under the hash of T's ``weights``, prior and settings."""

    def __init__(self, config: AttackConfig, store: Store, weights: str) -> None:
        self.target_id = config.target.piece_id
        self.of = {
            "target": self.target_id,
            "weights": weights,  # T may have been trained again elsewhere, to other bits
            "generator": config.prior_config.piece_id,
        }
        self.store = store
        self.seconds = 0.0
        """Wall time spent on building and reading."""

    def __call__(
        self, name: str, settings: Settings, build: Callable[[], dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the kept tensors of these settings; what the store lacks, or has corrupt, is built first."""
        key = identity({**self.of, "settings": settings.model_dump(mode="json")})
        start = time.perf_counter()
        with training_memory(f"building {name.replace('_', ' ')}", "its batch size in the attack's settings"):
            path = f"artifacts/{name}/{self.target_id}-{key}.safetensors"  # by its T, `gc` knows it
            tensors = load_or_build(self.store, path, build)
        self.seconds += time.perf_counter() - start
        return tensors


def _judged_and_kept(
    config: AttackConfig,
    store: Store,
    data: FaceData,
    target: TargetModel,
    judges: list[Judge],
    result: Reconstructions,
) -> dict[str, Any]:
    """Return the measured columns; write the sheet and the reconstructions table."""
    probability = target_probability(result, target)
    views = [judged(result, probability, judge) for judge in judges]
    quality = config.image_quality
    views[0] = with_perceptual_distances(quality, data, result, views[0])
    sheet = f"artifacts/sheets/{config.piece_id}.png"
    layout = sheet_layout(len(result), config.attack.restarts, config.kept_pictures)
    store.put_bytes(sheet, contact_sheet(result.images, result.found, layout))
    rows = reconstruction_rows(config, result, views, data.class_names, sheet, layout)
    store.write_rows("reconstructions", config.piece_id, rows)
    return {
        **counted(result),
        **_judge_columns(judges, result.class_index),
        **headline_columns(views[0]),
        **quality_columns(quality, store, data, result, views[0], judges[0].evaluator.name),
        **(second_columns(views[1]) if len(judges) > 1 else {}),
        "sheet": sheet,
    }


def _judge_columns(judges: list[Judge], attacked: Tensor) -> dict[str, Any]:
    """Return who judges, headline evaluator first, and what is known of each."""
    columns: dict[str, Any] = {}
    for prefix, judge in zip(("", "second_"), judges, strict=False):
        columns[f"{prefix}evaluator"] = judge.evaluator.name
        columns[f"{prefix}evaluator_acc"] = judge.evaluator.accuracy
        columns[f"{prefix}evaluator_false_positive"] = judge.false_positive_rate(attacked)
        columns[f"{prefix}evaluator_deceived_classes"] = judge.deceived_classes(attacked)
    return columns


def _outcome(row: Mapping[str, Any], status: str) -> StepOutcome:
    values = {name: value for name, value in row.items() if name not in TIMING_COLUMNS}
    if row["status"] == "failed":
        return StepOutcome("failed", row["reason"], values)
    return StepOutcome("done" if status == "done" else "found", None, values)
