"""Intervals over classes, paired differences and Delta. Classes are what varies; restarts repeat them."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Interval = tuple[float, float]

RESAMPLES = 2000
TAIL = 0.025
"""Probability left out at each end: intervals are 95 %."""

_NO_COST = 1e-12


class Difference(NamedTuple):
    """A difference of two attack accuracies, and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def lower(self) -> bool:
        """The whole interval lies below zero."""
        return self.high < 0


def class_draws(classes: int, seed: int = 0, resamples: int = RESAMPLES) -> NDArray[np.int64]:
    """Return how often each class is drawn in each resample: (resamples, classes), rows sum to ``classes``.

    The same arguments give the same draws, so statistics made from them are paired.
    """
    return np.random.default_rng(seed).multinomial(classes, np.full(classes, 1 / classes), size=resamples)


def percentile_interval(resampled: Floats, classes: int, bounds: Interval = (0.0, 1.0)) -> Interval:
    """Return the 2.5 and 97.5 percentiles of a resampled statistic, within ``bounds``.

    When all classes agree every resample is the same, and percentiles would claim certainty. Then it
    is widened by 1 - 0.025^(1/classes): for 0 or 1 this is the exact binomial (Clopper-Pearson) limit.
    """
    low, high, spread = _percentiles(resampled)
    if spread < _NO_COST:
        margin = float(1 - TAIL ** (1 / classes))
        low, high = low - margin, high + margin
    return max(low, bounds[0]), min(high, bounds[1])


def _percentiles(resampled: Floats) -> tuple[float, float, float]:
    """Return the two percentiles as ``np.percentile`` does, bit for bit, and maximum minus minimum.

    Five times quicker, which counts when thousands of configurations are summarised.
    """
    last = len(resampled) - 1
    places = [TAIL * last, (1 - TAIL) * last]
    below = [math.floor(place) for place in places]
    above = [min(index + 1, last) for index in below]
    ordered = np.partition(resampled, sorted({0, last, *below, *above}))
    low, high = (
        _between(float(ordered[start]), float(ordered[end]), place - start)
        for start, end, place in zip(below, above, places, strict=True)
    )
    return low, high, float(ordered[last] - ordered[0])


def _between(start: float, end: float, share: float) -> float:
    return end - (end - start) * (1 - share) if share >= 0.5 else start + (end - start) * share


def class_means(success: NDArray[np.bool_] | Floats) -> Floats:
    """Return the mean over restarts of each class; raises ``ValueError`` for an empty or non-finite array."""
    values = np.asarray(success, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(
            f"success must be (classes, restarts) with at least one of each, got shape {values.shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError("success must be finite: count a reconstruction that was not found as 0.")
    return np.asarray(values.mean(axis=1))


def bootstrap_over_classes(
    success: NDArray[np.bool_] | Floats, seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """Return the 95 % percentile bootstrap interval of the mean of ``success`` (classes, restarts) in [0, 1].

    Whole classes are drawn with replacement, since the restarts of one class are not independent.
    Deterministic in ``seed``. See `percentile_interval` for classes that all agree.

    >>> low, high = bootstrap_over_classes(np.zeros((20, 2)))
    >>> low, round(high, 4)
    (0.0, 0.1684)
    """
    means = class_means(success)
    draws = class_draws(len(means), seed, resamples)
    return percentile_interval((draws * means).sum(axis=1) / len(means), len(means))


def paired_difference(
    success_a: NDArray[np.bool_] | Floats,
    success_b: NDArray[np.bool_] | Floats,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Difference:
    """Return mean(a) - mean(b) and its 95 % interval, both drawn with the same classes.

    Both are (classes, restarts) with the same classes in the same order; restarts may differ in number.
    Raises ``ValueError`` when the numbers of classes differ.
    """
    means_a, means_b = class_means(success_a), class_means(success_b)
    if len(means_a) != len(means_b):
        raise ValueError(f"Paired successes need the same classes, got {len(means_a)} and {len(means_b)}.")
    gaps = means_a - means_b
    draws = class_draws(len(gaps), seed, resamples)
    low, high = percentile_interval((draws * gaps).sum(axis=1) / len(gaps), len(gaps), (-1.0, 1.0))
    return Difference(float(gaps.mean()), low, high)


def delta(acc_nodef: float, att_nodef: float, acc: float, att: float) -> float | None:
    """Return Delta = (AttAcc_nodef - AttAcc) / (Acc_nodef - Acc): robustness bought per accuracy paid.

    Nothing when no accuracy is paid. Fractions or percent, all four in the same unit. The example is BiDO
    against BREP-MI in table 1 of the TL-DMI paper.

    >>> round(delta(89.00, 69.67, 80.35, 39.73), 3)
    3.461
    """
    paid = acc_nodef - acc
    return (att_nodef - att) / paid if paid > _NO_COST else None
