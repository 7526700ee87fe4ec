"""The trials that are known before anything is searched: No-Def, the anchors, and a grid's every value."""

from collections.abc import Iterator

from orchestrator.search.suggest import grid
from search_spaces import Sweep, Trial
from search_spaces.defenses import Defense
from search_spaces.space import SEARCHED_TRIALS


def fixed_trials(sweep: Sweep) -> tuple[Trial, ...]:
    """Return the trials to run first, each once: all of the sweep's search when its sampler is ``grid``."""
    seed = sweep.space.seed
    trials = (
        sweep.trial(defense, seed, target=target)
        for target in sweep.targets
        for defense in _fixed_defenses(sweep)
    )
    return tuple({trial.trial_id: trial for trial in trials}.values())[: _limit(sweep)]


def search_trials(sweep: Sweep) -> int:
    """Return how many trials the search of ``sweep`` may come to, No-Def and the anchors included."""
    limit = _limit(sweep)
    return len(fixed_trials(sweep)) if sweep.space.is_grid or limit is None else limit


def confirmed_trials(sweep: Sweep) -> int:
    """Return how many trials may confirm the front; without attacks there is no front."""
    confirmation = sweep.space.confirmation
    return confirmation.further_seeds * confirmation.at_most if sweep.space.attacks else 0


def planned_trials(sweep: Sweep) -> dict[str, int]:
    """Return how many trials of each role the sweep may come to; a small front has fewer to confirm."""
    return {
        "search": search_trials(sweep),
        "control": len(sweep.space.control.kinds),
        "confirmation": confirmed_trials(sweep),
    }


def _limit(sweep: Sweep) -> int | None:
    return sweep.space.search.trials or (None if sweep.space.is_grid else SEARCHED_TRIALS)


def _fixed_defenses(sweep: Sweep) -> Iterator[Defense]:
    yield Defense()
    yield from sweep.anchors
    if sweep.space.is_grid:
        yield from grid(sweep.space, sweep.freeze_units)
