"""What every metric declares, and how a number is made of its rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from trainables.metrics.judged import Judged


@dataclass(frozen=True)
class Metric:
    """A number per row, and its mean over the rows that have one."""

    name: str
    """Column of the ``attacks`` table."""
    stronger_attack: Literal["higher", "lower"]
    """Which direction means that more was leaked."""
    unit: str
    bounds: tuple[float, float]
    """Smallest and largest possible value."""
    per_row: Callable[[Judged], Tensor]
    """float64 (R,); NaN for a row that does not count."""

    def value(self, judged: Judged) -> float | None:
        """Return the mean over the rows that count, or ``None`` when there is none."""
        rows = self.per_row(judged)
        counted = rows[~rows.isnan()]
        return float(counted.mean()) if len(counted) else None
