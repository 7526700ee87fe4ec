"""What a searched value may be: a range or a list of choices, as written in a space file."""

from typing import Annotated, Self

from pydantic import Field, model_validator

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


def _require_ordered(bounds: tuple[Number, Number]) -> None:
    if bounds[0] > bounds[1]:
        raise ValueError(f"the lower bound {bounds[0]} is above the upper bound {bounds[1]}")
