"""From a space of defences to proposals: Optuna's parameters of each defence, and the settings they mean.

A defence of the space says itself what is searched in it (``DefenseSpace.domains``). Optuna's parameters are
``defense``, its kind, and ``KIND.FIELD``.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, assert_never

from search_spaces import Space
from search_spaces.defenses import Defense, DefenseSpace
from search_spaces.domains import Choice, Domain, Integers, LogUniform, Uniform, Value, rounded

if TYPE_CHECKING:
    import optuna


def searched_defenses(space: Space) -> tuple[DefenseSpace, ...]:
    """Return the defences the sampler chooses from: all but No-Def, which is always the first trial."""
    return tuple(defense for defense in space.defenses if defense.parts)


def suggest_defense(trial: "optuna.Trial", space: Space, freeze_units: int) -> Defense:
    """Return the defence that ``trial`` proposes: its kind, then only the parameters of that kind."""
    ranges = {candidate.kind: candidate for candidate in searched_defenses(space)}
    chosen = ranges[trial.suggest_categorical("defense", list(ranges))]
    values = {
        name: _suggest(trial, f"{chosen.kind}.{name}", domain)
        for name, domain in chosen.domains(freeze_units).items()
    }
    return chosen.defense(values)


def parameters_of(defense: Defense, space: Space, freeze_units: int) -> dict[str, Value] | None:
    """Return the Optuna parameters that mean ``defense``, or ``None`` when the space does not hold it."""
    ranges = next((searched for searched in searched_defenses(space) if searched.kind == defense.kind), None)
    values = None if ranges is None else ranges.values_of(defense, freeze_units)
    if values is None:
        return None
    return {"defense": defense.kind, **{f"{defense.kind}.{name}": value for name, value in values.items()}}


def grid(space: Space, freeze_units: int) -> Iterator[Defense]:
    """Yield every configuration of ``space`` but No-Def, in the order written.

    Raises ``ValueError`` for a domain that cannot be counted.
    """
    for ranges in searched_defenses(space):
        yield from ranges.every(freeze_units)


def _suggest(trial: "optuna.Trial", name: str, domain: Domain) -> Value:
    match domain:
        case Uniform():
            return rounded(trial.suggest_float(name, *domain.uniform))
        case LogUniform():
            return rounded(trial.suggest_float(name, *domain.log_uniform, log=True))
        case Integers():
            return trial.suggest_int(name, *domain.integers)
        case Choice():
            chosen = trial.suggest_categorical(name, domain.choice)
            assert chosen is not None
            return chosen
        case _:
            assert_never(domain)
