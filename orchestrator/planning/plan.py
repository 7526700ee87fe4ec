"""What a sweep would do and what it costs, from a look at the store; starts nothing, imports no torch."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.checks.remarks import remarks
from orchestrator.driver.trial_rows import read_trials
from orchestrator.execution.chain import unique_names
from orchestrator.execution.resources import ClusterResources, requests_by_name
from orchestrator.planning.cost import Cost, Rates, cost_of, measured_rates
from orchestrator.planning.training_size import TrainingSize, training_size
from orchestrator.search.fixed_trials import planned_trials
from results import Store, StoreMissing, open_store
from search_spaces import Piece, Sweep, Trial
from search_spaces.defenses import Defense


@dataclass(frozen=True)
class SharedPiece:
    """A piece that all trials use: a prior, an evaluator."""

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
    pieces_per_trial: tuple[str, ...]
    """Names of what every trial builds for itself: T, what is made of it, attacks, analyses."""
    attacks_per_trial: tuple[str, ...]
    attack_settings: Mapping[str, Mapping[str, Any]]
    """Kind of attack -> every setting it runs with: defaults, the setup's budget, the space's own words."""
    budget_factors: Mapping[str, float]
    """Kind of attack -> its share of the published work."""
    shared: tuple[SharedPiece, ...]
    cost: Cost
    """Of the trials that are left, at rates measured in this store."""
    requests: Mapping[str, Mapping[str, float]]
    """Kind of step -> CPUs and GPUs it asks for; empty when nothing is known of the machines."""
    size: TrainingSize | None = None
    """Pictures and steps of a training; ``None``: not known before the data are loaded."""
    notes: tuple[str, ...] = ()
    """What is worth knowing before the sweep starts."""

    @property
    def left(self) -> dict[str, int]:
        """Trials still to run, by role."""
        return left_of(self.planned, self.ended)

    @property
    def cpu_seconds(self) -> float | None:
        """CPU seconds of the trials that are left; ``None``: unknown."""
        return self.cost.cpu_seconds


def make_plan(
    sweep: Sweep, store_uri: str, cluster: ClusterResources | None = None, usd_per_hour: float | None = None
) -> Plan:
    """Return what running ``sweep`` against ``store_uri`` would do; the store need not exist.

    ``cluster`` is what the steps would run on, ``usd_per_hour`` the price of one of its machines.
    """
    store = _existing(store_uri)
    trial = sweep.trial(Defense(), sweep.space.seed)
    planned = planned_trials(sweep)
    ended = Counter(str(row["role"]) for row in read_trials(store, sweep.sweep_id)) if store else Counter()
    rates = measured_rates(store, sweep, cluster, ended.total()) if store else Rates()
    asked = requests_by_name(cluster.shares, sweep.threads) if cluster else {}
    return Plan(
        sweep_id=sweep.sweep_id,
        space=sweep.space.name,
        setup=sweep.setup.name,
        store=store.uri if store else store_uri,
        planned=planned,
        ended=dict(ended),
        pieces_per_trial=_names_per_trial(trial),
        attacks_per_trial=tuple(attack.attack.kind for attack in trial.attacks),
        attack_settings={
            attack.attack.kind: attack.attack.model_dump(mode="json", exclude={"kind"})
            for attack in trial.attacks
        },
        budget_factors={attack.attack.kind: attack.attack.budget_factor() for attack in trial.attacks},
        shared=_shared_pieces(trial, store),
        cost=cost_of(sum(left_of(planned, ended).values()), rates, cluster, usd_per_hour),
        requests={name: {"cpus": share.cpus, "gpus": share.gpus} for name, share in asked.items()},
        size=training_size(trial.target),
        notes=remarks(sweep),
    )


def left_of(planned: Mapping[str, int], ended: Mapping[str, int]) -> dict[str, int]:
    """Return the trials still to run, by role."""
    return {role: max(count - ended.get(role, 0), 0) for role, count in planned.items()}


def _existing(store_uri: str) -> Store | None:
    try:
        return open_store(store_uri)
    except StoreMissing:
        return None


def _names_per_trial(trial: Trial) -> tuple[str, ...]:
    own = {key: piece for key, piece in trial.pieces().items() if piece.source_target is not None}
    return tuple(unique_names(own).values())


def _shared_pieces(trial: Trial, store: Store | None) -> tuple[SharedPiece, ...]:
    return tuple(
        SharedPiece(piece.name, piece_id, _has(store, piece))
        for piece_id, piece in trial.shared_pieces().items()
    )


def _has(store: Store | None, piece: Piece) -> bool:
    if store is None:
        return False
    return store.exists(piece.artifact_path) if piece.folder else store.has_rows(piece.table, piece.piece_id)
