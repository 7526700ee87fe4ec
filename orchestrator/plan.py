"""What a sweep would do and what it costs, from a look at the store; starts nothing, imports no torch."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from orchestrator.progress import planned_trials
from orchestrator.trial_rows import read_trials
from results import Store, StoreMissing, open_store
from search_spaces import Sweep, TargetConfig, canonical_json
from search_spaces.defenses import NoDef

Row = dict[str, Any]


@dataclass(frozen=True)
class SharedPiece:
    """A generator or an evaluator that all trials use."""

    name: str
    identity: str
    in_store: bool


@dataclass(frozen=True)
class Plan:
    """What running the sweep now would do."""

    sweep_id: str
    space: str
    setup: str
    store: str
    planned: Mapping[str, int]
    """Trials by role; for confirmation at most so many."""
    ended: Mapping[str, int]
    """Trials that the store holds, by role, failed ones included."""
    attacks_per_trial: tuple[str, ...]
    shared: tuple[SharedPiece, ...]
    cpu_seconds: float | None
    """CPU seconds of the trials that are left, at rates measured in this store; ``None``: unknown."""

    @property
    def left(self) -> dict[str, int]:
        """Trials still to run, by role."""
        return {role: max(count - self.ended.get(role, 0), 0) for role, count in self.planned.items()}

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, ready for JSON."""
        return asdict(self) | {"left": self.left}


def make_plan(sweep: Sweep, store_uri: str) -> Plan:
    """Return what running ``sweep`` against ``store_uri`` would do; the store need not exist."""
    store = _existing(store_uri)
    trial = sweep.trial(NoDef(), sweep.space.seed)
    planned = planned_trials(sweep)
    ended = Counter(str(row["role"]) for row in read_trials(store, sweep.sweep_id)) if store else Counter()
    left = sum(max(count - ended[role], 0) for role, count in planned.items())
    rate = _seconds_per_trial(store, sweep) if store else None
    return Plan(
        sweep_id=sweep.sweep_id,
        space=sweep.space.name,
        setup=sweep.setup.name,
        store=store.uri if store else store_uri,
        planned=planned,
        ended=dict(ended),
        attacks_per_trial=tuple(attack.attack.kind for attack in trial.attacks),
        shared=_shared_pieces(sweep, store),
        cpu_seconds=0.0 if not left else None if rate is None else left * rate,
    )


def _existing(store_uri: str) -> Store | None:
    try:
        return open_store(store_uri)
    except StoreMissing:
        return None


def _shared_pieces(sweep: Sweep, store: Store | None) -> tuple[SharedPiece, ...]:
    attacks = sweep.trial(NoDef(), sweep.space.seed).attacks
    if not attacks:
        return ()
    attack = attacks[0]
    pieces = [("generator", "generators", attack.generator_config.generator_id)] + [
        (f"evaluator {config.evaluator.kind}", "evaluators", config.evaluator_id)
        for config in attack.evaluator_configs
    ]
    return tuple(
        SharedPiece(name, identity, _has(store, f"artifacts/{folder}/{identity}.safetensors"))
        for name, folder, identity in pieces
    )


def _has(store: Store | None, path: str) -> bool:
    return store is not None and store.exists(path)


def _seconds_per_trial(store: Store, sweep: Sweep) -> float | None:
    """Return the mean CPU seconds of a trial like this sweep's; ``None``: a part was never measured."""
    trial = sweep.trial(NoDef(), sweep.space.seed)
    targets = [row for row in _done(store, "targets") if _is_alike(row, trial.target)]
    ids = {row["target_id"] for row in targets}
    attacks = [row for row in _done(store, "attacks") if row["target_id"] in ids]
    settings = [canonical_json(attack.attack) for attack in trial.attacks]
    parts = [targets, *([row for row in attacks if row["settings"] == wanted] for wanted in settings)]
    known = [mean for mean in map(_mean_cpu_seconds, parts) if mean is not None]
    return sum(known) if len(known) == len(parts) else None


def _is_alike(row: Row, target: TargetConfig) -> bool:
    """Return whether the T of ``row`` is of the same data, architecture and length of training."""
    recipe = target.target
    found = (row["data"], row["architecture"], row["epochs"])
    return found == (target.data.kind, recipe.architecture, recipe.epochs)


def _mean_cpu_seconds(rows: list[Row]) -> float | None:
    values = [row["cpu_seconds"] for row in rows if row["cpu_seconds"] is not None]
    return fmean(values) if values else None


def _done(store: Store, table: str) -> list[Row]:
    rows: list[Row] = store.read_rows(table).to_pylist()
    return [row for row in rows if row["status"] == "done"]
