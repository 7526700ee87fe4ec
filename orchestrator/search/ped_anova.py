"""PED-ANOVA of Optuna over the trials of a search, for parameters that only some defences have."""

import warnings
from collections.abc import Mapping, Sequence
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
from optuna.trial import create_trial

from orchestrator.search.suggest import searched_defenses
from results.statistics.pareto import Point
from results.sweeps.importance import Objective
from search_spaces import Sweep
from search_spaces.domains import Choice, Domain, Integers, LogUniform, Uniform

BEST_SHARE = 0.25
"""A parameter matters when its values in this best share of the trials differ from those in all."""

Told = tuple[dict[str, Any], Point]
"""Optuna parameters of a trial, and what it reached."""

_SIGNS: Mapping[Objective, int] = {"acc": -1, "att_acc": 1}
"""PED-ANOVA takes small for good."""


def importance_shares(sweep: Sweep, told: Sequence[Told]) -> dict[Objective, dict[str, float]]:
    """Return for each objective the share of each parameter; shares sum to 1.

    PED-ANOVA: Watanabe, Bansal and Hutter (2023). The same trials give the same shares.
    """
    distributions = _distributions(sweep)
    study = optuna.create_study(directions=["maximize", "minimize"])
    for parameters, point in told:
        chosen = {name: distributions[name] for name in parameters}
        study.add_trial(create_trial(params=parameters, distributions=chosen, values=list(point)))
    return {objective: _shares(study, index, sign) for index, (objective, sign) in enumerate(_SIGNS.items())}


def _distributions(sweep: Sweep) -> dict[str, BaseDistribution]:
    searched = searched_defenses(sweep.space)
    distributions: dict[str, BaseDistribution] = {
        "defense": CategoricalDistribution([defense.kind for defense in searched])
    }
    for defense in searched:
        for name, domain in defense.domains(sweep.freeze_units).items():
            distributions[f"{defense.kind}.{name}"] = _distribution(domain)
    return distributions


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
        warnings.filterwarnings("ignore", message="PedAnovaImportanceEvaluator computes")  # we turn the sign
        importances = get_param_importances(
            study,
            evaluator=PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE),
            target=lambda trial: sign * trial.values[index],
        )
    return {name: round(float(share), 6) for name, share in importances.items()}
