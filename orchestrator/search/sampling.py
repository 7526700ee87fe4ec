"""The Optuna study behind a sweep: asked for defences, told two objectives or a failure, never NaN."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from orchestrator.execution.events import DIRECTIONS, TrialOutcome
from orchestrator.search.suggest import parameters_of, suggest_defense
from search_spaces import Space, Sweep, seed_stream
from search_spaces.defenses import Defense

if TYPE_CHECKING:
    from orchestrator.search.study_mirror import StudyMirror

NO_OBJECTIVES = "Acc or the worst AttAcc is missing or not finite"

NSGA2_POPULATION = 8
"""Optuna's 50 would make every sweep of fewer trials a random search."""


@dataclass(frozen=True)
class Ask:
    """One question put to the study and its answer."""

    trial: optuna.Trial
    defense: Defense


class Sampling:
    """A seeded, in-memory, two-objective study over the defences of a sweep.

    The same asks and tells in the same order give the same answers, so the study is rebuilt from a store
    by asking and telling again; nothing of it is saved.
    """

    def __init__(self, sweep: Sweep, mirror: "StudyMirror | None" = None) -> None:
        self._mirror = mirror
        self._space = sweep.space
        self._freeze_units = sweep.freeze_units
        self._sampler = _sampler(sweep.space)
        self._at_random = RandomSampler(seed=_seed(sweep.space, "random"))
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(directions=list(DIRECTIONS), sampler=self._sampler)

    def ask(self, at_random: bool = False) -> Ask:
        """Return a proposed defence, drawn uniformly instead of by the sampler when ``at_random``."""
        self._study.sampler = self._at_random if at_random else self._sampler
        trial = self._study.ask()
        return Ask(trial, suggest_defense(trial, self._space, self._freeze_units))

    def ask_anchor(self, defense: Defense) -> Ask | None:
        """Enter ``defense`` in the study and return its ask, or ``None`` when the space does not hold it, or
        when nothing is searched."""
        if self._space.is_grid:
            return None
        parameters = parameters_of(defense, self._space, self._freeze_units)
        if parameters is None:
            return None
        self._study.enqueue_trial(parameters)
        return Ask(self.ask().trial, defense)

    def tell(self, ask: Ask, outcome: TrialOutcome) -> None:
        """Tell the study how the trial of ``ask`` ended; anything but two finite numbers is a failure."""
        objectives = outcome.objectives
        if objectives is None:
            ask.trial.set_user_attr("reason", outcome.reason or NO_OBJECTIVES)
            told = self._study.tell(ask.trial, state=TrialState.FAIL)
        else:
            told = self._study.tell(ask.trial, list(objectives))
        if self._mirror:
            self._mirror.add(told)


def _sampler(space: Space) -> BaseSampler:
    seed = _seed(space, "sampler")
    match space.search.sampler:
        case "tpe":
            return _tpe(space.search.startup_trials, seed)
        case "nsga2":
            return NSGAIISampler(population_size=NSGA2_POPULATION, seed=seed)
        case "random" | "grid":  # of a grid, nothing is ever asked
            return RandomSampler(seed=seed)


def _tpe(startup_trials: int, seed: int) -> TPESampler:
    """Return TPE that models the parameters of one defence jointly, and spreads the proposals of a round."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return TPESampler(
            n_startup_trials=startup_trials, seed=seed, multivariate=True, group=True, constant_liar=True
        )


def _seed(space: Space, name: str) -> int:
    """Return a seed below 2^32, which is what the samplers take."""
    return seed_stream(space.search.seed, name) % 2**32
