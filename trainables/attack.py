"""The step that attacks one T, judges the reconstructions, and writes them and, last, the attack's row."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from results.schema import TIMING_COLUMNS
from results.store import Store, open_store
from search_spaces import AttackConfig, identity
from search_spaces.settings import Settings
from trainables.artifacts import load_tensors, save_tensors
from trainables.attack_tables import counted, described, headline_columns, reconstruction_rows, second_columns
from trainables.attacks import AttackDiverged, Attacker, Reconstructions, run_attack_method
from trainables.datasets import load_data
from trainables.datasets.dataset import FaceData
from trainables.generator import load_prior
from trainables.judging import Judge, judged, load_judge, target_probability
from trainables.models.target_model import TargetModel
from trainables.sheet import contact_sheet
from trainables.step import StepFailed, StepOutcome, provenance, single_threaded, started
from trainables.target import load_target, target_row


def run_attack(config: AttackConfig, store_uri: str) -> StepOutcome:
    """Attack the T of ``config`` and write reconstructions and metrics; T must be in the store.

    Generator and evaluators that the store lacks are built first. Returns at once when the store has the
    attack's row. An attack that diverges, or whose generator or evaluator does, becomes a failed row with its
    reason. Raises the store's errors, ``TargetMissing``, and ``ValueError`` for data or settings that cannot
    be used.
    """
    store = open_store(store_uri)
    row = attack_row(config, store)
    if row is not None:
        return _outcome(row, "found")
    single_threaded(config.target.threads)
    start = started()
    row = _attacked(config, store)
    store.write_rows("attacks", config.attack_id, [{**row, **provenance(start)}])
    return _outcome(row, "done")


def attack_row(config: AttackConfig, store: Store) -> dict[str, Any] | None:
    """Return the row of this attack in the attacks table, or ``None``."""
    if not store.has_rows("attacks", config.attack_id):
        return None
    row: dict[str, Any] = store.read_rows("attacks", config.attack_id).to_pylist()[0]
    return row


def attacked_classes(config: AttackConfig, classes: int) -> range:
    """Return the classes to attack: the first ones of D_priv, or all.

    The same for every T, so that defences are compared on the same people. Raises ``ValueError`` when there
    are fewer than asked for.
    """
    wanted = classes if config.attacked_classes is None else config.attacked_classes
    if wanted > classes:
        raise ValueError(
            f"attacked_classes {wanted}: the data have {classes} private classes; give at most that"
        )
    return range(wanted)


def _attacked(config: AttackConfig, store: Store) -> dict[str, Any]:
    data = load_data(config.target.data)
    target = load_target(config.target, store)
    classes = attacked_classes(config, data.num_classes)
    trained = target_row(config.target, store)
    assert trained is not None  # else load_target has raised
    row = described(config, trained, len(classes))
    try:
        return {**row, "status": "done", "reason": None, **_measured(config, store, data, target)}
    except (AttackDiverged, StepFailed) as failure:
        return {**row, "status": "failed", "reason": str(failure)}


def _measured(config: AttackConfig, store: Store, data: FaceData, target: TargetModel) -> dict[str, Any]:
    prior = load_prior(config.generator_config, store)
    judges = [load_judge(evaluator, store, data) for evaluator in config.evaluator_configs]
    start = time.perf_counter()
    classes = attacked_classes(config, data.num_classes)
    attacker = Attacker(target, prior, data.public.images, _Kept(config, store))
    result = run_attack_method(config.attack, attacker, classes)
    attack_seconds = time.perf_counter() - start
    columns = _judged_and_kept(config, store, data, target, judges, result)
    judging_seconds = time.perf_counter() - start - attack_seconds
    return {**columns, "attack_seconds": attack_seconds, "judging_seconds": judging_seconds}


class _Kept:
    """Keeps what an attack makes of its T under the hash of T, prior and settings."""

    def __init__(self, config: AttackConfig, store: Store) -> None:
        self.of = {"target": config.target.target_id, "generator": config.generator_config.generator_id}
        self.store = store

    def __call__(
        self, name: str, settings: Settings, build: Callable[[], dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the kept tensors of these settings; what the store lacks is built first."""
        key = identity({**self.of, "settings": settings.model_dump(mode="json")})
        path = f"artifacts/{name}/{key}.safetensors"
        if not self.store.exists(path):
            save_tensors(self.store, path, build())
        return load_tensors(self.store, path)


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
    sheet = f"artifacts/sheets/{config.attack_id}.png"
    store.put_bytes(sheet, contact_sheet(result.images, result.found, config.attack.restarts))
    rows = reconstruction_rows(config, result, views, data.class_names, sheet)
    store.write_rows("reconstructions", config.attack_id, rows)
    return {
        **counted(result),
        **_judge_columns("", judges[0]),
        **headline_columns(views[0]),
        **(_judge_columns("second_", judges[1]) | second_columns(views[1]) if len(judges) > 1 else {}),
        "sheet": sheet,
    }


def _judge_columns(prefix: str, judge: Judge) -> dict[str, Any]:
    return {f"{prefix}evaluator": judge.evaluator.name, f"{prefix}evaluator_acc": judge.evaluator.accuracy}


def _outcome(row: Mapping[str, Any], status: str) -> StepOutcome:
    values = {name: value for name, value in row.items() if name not in TIMING_COLUMNS}
    if row["status"] == "failed":
        return StepOutcome("failed", row["reason"], values)
    return StepOutcome("done" if status == "done" else "found", None, values)
