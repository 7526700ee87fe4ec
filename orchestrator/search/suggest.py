"""From a space of defences to proposals: Optuna's parameters of each defence, and the settings they mean.

A room (a defence of the space) is read as it is written: fields that hold a domain are searched, the others
are kept. Two fields are written otherwise than the defence has them: ``lambda_y_ratio`` is lambda_y divided
by lambda_x, and ``trainable`` joins its groups with ``+``.
"""

import math
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, assert_never

from pydantic import TypeAdapter

from search_spaces import Space
from search_spaces.defenses import DefenseSettings, DefenseSpace, NoDefSpace
from search_spaces.domains import Choice, Domain, Integers, LogUniform, Uniform, Value

if TYPE_CHECKING:
    import optuna

DIGITS = 6
"""Significant digits of a proposed number, so that configurations stay readable."""

SAME = 10 ** (1 - DIGITS)
"""Relative difference below which two numbers are one: a weight and its ratio are rounded each."""

_DEFENSE: TypeAdapter[DefenseSettings] = TypeAdapter(DefenseSettings)


def rounded(value: float) -> float:
    """Return ``value`` with 6 significant digits.

    >>> rounded(0.123456789)
    0.123457
    """
    return float(f"{value:.{DIGITS}g}")


def searched_rooms(space: Space) -> tuple[DefenseSpace, ...]:
    """Return the rooms the sampler chooses from: all but No-Def, which is always the first trial."""
    return tuple(room for room in space.defenses if not isinstance(room, NoDefSpace))


def room_domains(room: DefenseSpace, freeze_units: int) -> dict[str, Domain]:
    """Return the searched parameters of ``room`` by name; ``freeze_depth: all`` is 1 to ``freeze_units``."""
    fields = {name: _domain(name, value, freeze_units) for name, value in room}
    return {name: domain for name, domain in fields.items() if domain is not None}


def suggest_defense(trial: "optuna.Trial", space: Space, freeze_units: int) -> DefenseSettings:
    """Return the defence that ``trial`` proposes: its kind, then only the parameters of that kind."""
    rooms: dict[str, DefenseSpace] = {room.kind: room for room in searched_rooms(space)}
    room = rooms[trial.suggest_categorical("defense", list(rooms))]
    values = {
        name: _suggest(trial, f"{room.kind}.{name}", domain)
        for name, domain in room_domains(room, freeze_units).items()
    }
    return settings_of(room, values)


def settings_of(room: DefenseSpace, values: dict[str, Value]) -> DefenseSettings:
    """Return the defence of ``room`` with its searched parameters at ``values``.

    Raises ``pydantic.ValidationError`` for values the defence does not admit.
    """
    plain: dict[str, Any] = {**dict(room), **values}
    if "lambda_y_ratio" in plain:
        plain["lambda_y"] = rounded(plain["lambda_x"] * plain.pop("lambda_y_ratio"))
    if "trainable" in plain:
        plain["trainable"] = tuple(str(plain["trainable"]).split("+"))
    return _DEFENSE.validate_python(plain)


def parameters_of(defense: DefenseSettings, space: Space, freeze_units: int) -> dict[str, Value] | None:
    """Return the Optuna parameters that mean ``defense``, or ``None`` when the space does not hold it."""
    room = next((room for room in searched_rooms(space) if room.kind == defense.kind), None)
    if room is None:
        return None
    domains, written = room_domains(room, freeze_units), _written(defense)
    if any(name not in domains and written.get(name) != value for name, value in room):
        return None
    held = {name: _held(domain, written.get(name)) for name, domain in domains.items()}
    found = {f"{room.kind}.{name}": value for name, value in held.items() if value is not None}
    return {"defense": room.kind, **found} if len(found) == len(domains) else None


def grid(space: Space, freeze_units: int) -> Iterator[DefenseSettings]:
    """Yield every configuration of ``space`` but No-Def, in the order written.

    Raises ``ValueError`` for a domain that cannot be counted.
    """
    for room in searched_rooms(space):
        domains = room_domains(room, freeze_units)
        for values in product(*(countable(domain) for domain in domains.values())):
            yield settings_of(room, dict(zip(domains, values, strict=True)))


def countable(domain: Domain) -> tuple[Value, ...]:
    """Return every value of ``domain``. Raises ``ValueError`` for a range of real numbers.

    >>> countable(Integers(integers=(2, 4)))
    (2, 3, 4)
    """
    match domain:
        case Choice():
            return domain.choice
        case Integers():
            low, high = domain.integers
            return tuple(range(low, high + 1))
        case Uniform() | LogUniform():
            raise ValueError("a range of real numbers has no countable values; list some with choice: [...]")
        case _:
            assert_never(domain)


def bounds(domain: Domain) -> tuple[Value, ...]:
    """Return the ends of a range, or every choice."""
    match domain:
        case Uniform():
            return domain.uniform
        case LogUniform():
            return domain.log_uniform
        case Integers():
            return domain.integers
        case Choice():
            return domain.choice
        case _:
            assert_never(domain)


def _domain(name: str, value: Any, freeze_units: int) -> Domain | None:  # noqa: ANN401  (a settings field)
    if name == "freeze_depth" and value == "all":
        return Integers(integers=(1, freeze_units))
    return value if isinstance(value, Uniform | LogUniform | Integers | Choice) else None


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


def _written(defense: DefenseSettings) -> dict[str, Any]:
    """Return the parameters of ``defense`` as a space writes them."""
    plain = defense.model_dump()
    if plain.get("lambda_x"):
        plain["lambda_y_ratio"] = plain["lambda_y"] / plain["lambda_x"]
    if "trainable" in plain:
        plain["trainable"] = "+".join(plain["trainable"])
    return plain


def _held(domain: Domain, value: Value | None) -> Value | None:
    """Return the value of ``domain`` that is ``value`` up to rounding, or ``None``."""
    if value is None:
        return None
    close = next((bound for bound in bounds(domain) if _same(bound, value)), None)
    return value if close is None and _inside(domain, value) else close


def _inside(domain: Domain, value: Value) -> bool:
    if isinstance(domain, Choice) or isinstance(value, str):
        return False
    low, high = (float(bound) for bound in bounds(domain))
    return low <= value <= high and (isinstance(value, int) or not isinstance(domain, Integers))


def _same(first: Value, second: Value) -> bool:
    if isinstance(first, str) or isinstance(second, str):
        return first == second
    return math.isclose(first, second, rel_tol=SAME)
