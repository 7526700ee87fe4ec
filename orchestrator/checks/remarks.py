"""What is worth knowing of a sweep before it starts, though nothing is wrong with its settings."""

from collections.abc import Iterator

from orchestrator.search.fixed_trials import fixed_trials
from orchestrator.search.suggest import searched_defenses
from results.statistics.fitness import FREEZES_RANDOM
from search_spaces import Sweep


def remarks(sweep: Sweep) -> tuple[str, ...]:
    """Return what a user should know of ``sweep`` before it starts, one sentence each."""
    return tuple(_random_layers(sweep))


def _random_layers(sweep: Sweep) -> Iterator[str]:
    """Yield which defences freeze layers of a T that starts from random weights, though not in the paper."""
    listed = [trial.target.defense for trial in fixed_trials(sweep) if trial.target.freezes_random_layers]
    random = [target for target in sweep.targets if target.freezing_keeps_random]
    searched = searched_defenses(sweep.space) if random else ()
    names = [defense.name for defense in listed]
    names += [one.name for one in searched if any(part.stage == "freezing" for part in one.parts)]
    if names:
        yield (
            f"{', '.join(dict.fromkeys(names))}: {FREEZES_RANDOM}; set target.pretrained to weights, or to a "
            "pre-training such as {name: public pictures}"
        )
