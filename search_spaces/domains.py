"""What a searched value may be: a range or a list of choices, as written in a space file."""

import math
from collections.abc import Iterable
from typing import Annotated, Any, Self, assert_never

from pydantic import Discriminator, Field, model_validator

from search_spaces.settings import Settings

Number = int | float
Value = int | float | str


class Uniform(Settings):
    """A real number between ``uniform[0]`` and ``uniform[1]``, evenly spread."""

    uniform: tuple[float, float]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _require_ordered(self.uniform)
        return self


class LogUniform(Settings):
    """A positive real number between the bounds, evenly spread in its logarithm."""

    log_uniform: tuple[float, float]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _require_ordered(self.log_uniform)
        if self.log_uniform[0] <= 0:
            raise ValueError(f"a log_uniform range starts above 0, not at {self.log_uniform[0]}")
        return self


class Integers(Settings):
    """A whole number from ``integers[0]`` to ``integers[1]``, both included."""

    integers: tuple[int, int]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _require_ordered(self.integers)
        return self


class Choice(Settings):
    """One of the listed values."""

    choice: Annotated[tuple[Value, ...], Field(min_length=1)]


Domain = Uniform | LogUniform | Integers | Choice

_EXAMPLES = {
    "uniform": "{uniform: [LOW, HIGH]}",
    "log_uniform": "{log_uniform: [LOW, HIGH]}",
    "integers": "{integers: [LOW, HIGH]}",
    "choice": "{choice: [VALUE, ...]}",
    "all": "all",
}


def written_as(value: Any) -> str | None:  # noqa: ANN401  (plain YAML values, or a domain)
    """Return how a domain is written; ``None`` for anything else.

    >>> written_as({"uniform": [0, 1]}), written_as(Choice(choice=(1, 2))), written_as(3)
    ('uniform', 'choice', None)
    """
    if isinstance(value, Settings):
        return next(iter(type(value).model_fields))
    names = [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
    return next((name for name in names if name in _EXAMPLES), None)


def one_of(names: Iterable[str]) -> Discriminator:
    """Return the discriminator of a union of domains, which says in one line how they are written."""
    examples = ", ".join(_EXAMPLES[name] for name in names)
    return Discriminator(
        written_as, custom_error_type="range", custom_error_message=f"Input should be one of {examples}"
    )


DIGITS = 6
"""Significant digits of a proposed number, so that configurations stay readable."""

SAME = 10 ** (1 - DIGITS)
"""Relative difference below which two numbers are one: a weight and its ratio are rounded each."""


def rounded(value: float) -> float:
    """Return ``value`` with 6 significant digits.

    >>> rounded(0.123456789)
    0.123457
    """
    return float(f"{value:.{DIGITS}g}")


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


def held(domain: Domain, value: Value | None) -> Value | None:
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


def _require_ordered(bounds: tuple[Number, Number]) -> None:
    if bounds[0] > bounds[1]:
        raise ValueError(f"the lower bound {bounds[0]} is above the upper bound {bounds[1]}")
