"""Which searched parameters mattered: when to compute it, and from which trials."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from orchestrator.provenance import kept_sweep
from orchestrator.search.suggest import parameters_of
from results import Store
from results.statistics.attainment import run_point
from results.statistics.summary import SweepSummary
from results.sweeps.importance import Importances, Objective, read_importances, write_importances
from search_spaces import Sweep, TargetConfig

if TYPE_CHECKING:
    from orchestrator.search.ped_anova import Told

LEAST_TRIALS = 20
"""With fewer trials the best quarter is less than five, and says nothing."""


def present_importances(store: Store, summary: SweepSummary) -> Importances | None:
    """Return the importances that the store keeps, or new ones when the search has gone on since."""
    kept = read_importances(store, summary.sweep_id)
    if kept is not None and kept.told == count_searched(summary):
        return kept
    return importances(store, summary)


def record_importances(store: Store, summary: SweepSummary) -> None:
    """Write the importances of a sweep into its store."""
    computed = importances(store, summary)
    if computed is not None and summary.sweep_id is not None:
        write_importances(store, summary.sweep_id, computed)


def importances(store: Store, summary: SweepSummary) -> Importances | None:
    """Return what mattered in the search of a sweep; nothing when its settings are not known."""
    sweep = None if summary.sweep_id is None else kept_sweep(store, summary.sweep_id)
    if sweep is None:
        return None
    told = told_trials(sweep, summary)
    shares: dict[Objective, dict[str, float]] = {}
    if len(told) >= LEAST_TRIALS:
        from orchestrator.search.ped_anova import importance_shares

        shares = importance_shares(sweep, told)
    return Importances(count_searched(summary), len(told), LEAST_TRIALS, shares)


def count_searched(summary: SweepSummary) -> int:
    """Return how many trials of the search are done."""
    return sum(run.role == "search" for run in summary.runs)


def told_trials(sweep: Sweep, summary: SweepSummary) -> "list[Told]":
    """Return the trials of the search that lie in the space and reached something."""
    trials = []
    for run in summary.runs:
        point = run_point(run, summary.attack_kinds) if run.role == "search" else None
        parameters = _parameters(sweep, run.target) if point is not None else None
        if point is not None and parameters is not None:
            trials.append((parameters, point))
    return trials


def _parameters(sweep: Sweep, target: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the Optuna parameters of a T; nothing for No-Def and for an anchor outside the space."""
    try:
        defense = TargetConfig.model_validate_json(target["config"] or "{}").defense
    except ValidationError:
        return None
    return parameters_of(defense, sweep.space, sweep.freeze_units)
