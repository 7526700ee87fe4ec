"""Which searched parameters mattered: PED-ANOVA of Optuna over the trials of the search."""

import json
import warnings
from collections.abc import Mapping
from typing import Any, assert_never

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.exceptions import ExperimentalWarning
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, create_trial
from pydantic import ValidationError

from orchestrator.provenance import settings_path
from orchestrator.suggest import parameters_of, room_domains, searched_rooms
from results import Store
from results.attainment import run_point
from results.importance import Importances, Objective
from results.summary import SweepSummary
from search_spaces import Sweep
from search_spaces.domains import Choice, Domain, Integers, LogUniform, Uniform
from search_spaces.trial import TargetConfig

LEAST_TRIALS = 20
"""With fewer trials the best quarter is less than five, and says nothing."""
BEST_SHARE = 0.25
"""A parameter matters when its values in this best share of the trials differ from those in all."""

_SIGNS: Mapping[Objective, int] = {"acc": -1, "att_acc": 1}
"""PED-ANOVA takes small for good."""


def importances(store: Store, summary: SweepSummary) -> Importances | None:
    """Return what mattered in the search of a sweep; nothing when its settings are not known.

    PED-ANOVA (Watanabe, Bansal and Hutter 2023) handles parameters that only some defences have.
    """
    sweep = _sweep(store, summary)
    if sweep is None:
        return None
    trials = _trials(sweep, summary)
    shares: dict[Objective, dict[str, float]] = {}
    if len(trials) >= LEAST_TRIALS:
        study = optuna.create_study(directions=["maximize", "minimize"])
        study.add_trials(trials)
        shares = {name: _shares(study, index, _SIGNS[name]) for index, name in enumerate(_SIGNS)}
    return Importances(len(trials), LEAST_TRIALS, shares)


def _sweep(store: Store, summary: SweepSummary) -> Sweep | None:
    if summary.sweep_id is None or not store.exists(settings_path(summary.sweep_id)):
        return None
    try:
        return Sweep.model_validate(json.loads(store.get_bytes(settings_path(summary.sweep_id)))["sweep"])
    except (ValidationError, ValueError, KeyError, TypeError):
        return None  # written by another version: the rows are still right


def _trials(sweep: Sweep, summary: SweepSummary) -> list[FrozenTrial]:
    distributions = _distributions(sweep)
    found = []
    for run in summary.runs:
        point = run_point(run, summary.attack_kinds)
        parameters = _parameters(sweep, run.target) if run.role == "search" else None
        if point is not None and parameters is not None:
            chosen = {name: distributions[name] for name in parameters}
            found.append(create_trial(params=parameters, distributions=chosen, values=list(point)))
    return found


def _parameters(sweep: Sweep, target: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the Optuna parameters of a T; nothing for No-Def and for an anchor outside the space."""
    try:
        defense = TargetConfig.model_validate_json(target["config"] or "{}").defense
    except ValidationError:
        return None
    return parameters_of(defense, sweep.space, sweep.freeze_units)


def _distributions(sweep: Sweep) -> dict[str, BaseDistribution]:
    rooms = searched_rooms(sweep.space)
    found: dict[str, BaseDistribution] = {"defense": CategoricalDistribution([room.kind for room in rooms])}
    for room in rooms:
        for name, domain in room_domains(room, sweep.freeze_units).items():
            found[f"{room.kind}.{name}"] = _distribution(domain)
    return found


def _distribution(domain: Domain) -> BaseDistribution:
    match domain:
        case Uniform():
            return FloatDistribution(*domain.uniform)
        case LogUniform():
            return FloatDistribution(*domain.log_uniform, log=True)
        case Integers():
            return IntDistribution(*domain.integers)
        case Choice():
            return CategoricalDistribution(domain.choice)
        case _:
            assert_never(domain)


def _shares(study: optuna.Study, index: int, sign: int) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        found = get_param_importances(
            study,
            evaluator=PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE),
            target=lambda trial: sign * trial.values[index],
        )
    return {name: round(float(share), 6) for name, share in found.items()}
