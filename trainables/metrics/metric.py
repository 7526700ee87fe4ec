"""What every metric declares and is computed from; a mean over rows, or two sets compared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor


@dataclass(frozen=True)
class Judged:
    """R rows judged by one evaluator with K classes and features of d numbers.

    Rows that are not ``found`` have no image; their scores, features and probabilities are never read.
    """

    class_index: Tensor
    """int64 (R,): the attacked class."""
    restart: Tensor
    """int64 (R,)"""
    found: Tensor
    """bool (R,)"""
    scores: Tensor
    """(R, K): the evaluator's scores; the highest is its prediction."""
    features: Tensor
    """(R, d): the evaluator's features."""
    target_probability: Tensor
    """(R,): softmax probability that T gives the attacked class."""
    private_features: Tensor
    """(N, d): the evaluator's features of the private training pictures."""
    private_labels: Tensor
    """int64 (N,)"""
    perceptual_distance: Tensor | None = None
    """(R,): smallest LPIPS distance to a private training picture of the class; nothing: not measured."""

    def __len__(self) -> int:
        return len(self.class_index)


class Metric(Protocol):
    """A number of an attack."""

    @property
    def name(self) -> str:
        """Column of the ``attacks`` table."""

    @property
    def stronger_attack(self) -> Literal["higher", "lower"]:
        """Which direction means that more was leaked."""

    @property
    def unit(self) -> str:
        """What the number counts."""

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest possible value."""

    def value(self, judged: Judged) -> float | None:
        """Return the number, or ``None`` when nothing can be measured."""


@dataclass(frozen=True)
class RowMetric:
    """A number per row, and its mean over the rows that have one."""

    name: str
    stronger_attack: Literal["higher", "lower"]
    unit: str
    bounds: tuple[float, float]
    per_row: Callable[[Judged], Tensor]
    """float64 (R,); NaN for a row that does not count."""

    def value(self, judged: Judged) -> float | None:
        """Return the mean over the rows that count, or ``None`` when there is none."""
        rows = self.per_row(judged)
        counted = rows[~rows.isnan()]
        return float(counted.mean()) if len(counted) else None


@dataclass(frozen=True)
class SetMetric:
    """A distance between two sets of features: the reconstructions, and D_priv train of their classes."""

    name: str
    stronger_attack: Literal["higher", "lower"]
    unit: str
    bounds: tuple[float, float]
    distance: Callable[[Tensor, Tensor], float | None]
    """From features (N, d) of private pictures and (M, d) of reconstructions, float64, to a number."""

    def value(self, judged: Judged) -> float | None:
        """Return the distance between all found rows and all private training pictures of their classes.

        ``None`` when the sets are too small.
        """
        attacked = torch.isin(judged.private_labels, judged.class_index)
        real, fake = judged.private_features[attacked], judged.features[judged.found]
        return self.distance(real.double(), fake.double())
