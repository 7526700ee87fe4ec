"""What a searched value may be: a range or a list of choices, as written in a space file."""

from collections.abc import Iterable
from typing import Annotated, Any, Self

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
    """Return how a domain is written; nothing for what is no domain.

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


def _require_ordered(bounds: tuple[Number, Number]) -> None:
    if bounds[0] > bounds[1]:
        raise ValueError(f"the lower bound {bounds[0]} is above the upper bound {bounds[1]}")
