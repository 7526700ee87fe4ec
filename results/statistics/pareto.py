"""The Pareto front of natural accuracy (maximised) against worst attack accuracy (minimised)."""

from collections.abc import Sequence

import moocore
import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
"""(Acc, AttAcc), fractions in [0, 1]; NaN marks a value that is not known."""

REFERENCE: Point = (0.0, 1.0)
"""Reference point of the hypervolume: no natural accuracy, and every reconstruction recognised."""

_MAXIMISE = [True, False]


def _array(points: Sequence[Point]) -> NDArray[np.float64]:
    return np.asarray(points, dtype=np.float64).reshape(-1, 2)


def nondominated(points: Sequence[Point]) -> list[bool]:
    """Return for each (Acc, AttAcc) whether no other point is as good in both and better in one.

    Equal points do not dominate each other: all copies of a point of the front are on it. A point with a
    NaN is never on the front and dominates nothing.

    >>> nondominated([(0.9, 0.6), (0.8, 0.4), (0.8, 0.5), (0.8, 0.4)])
    [True, True, False, True]
    """
    array = _array(points)
    known = np.isfinite(array).all(axis=1)
    front = np.zeros(len(array), dtype=bool)
    if known.any():
        front[known] = moocore.is_nondominated(array[known], maximise=_MAXIMISE, keep_weakly=True)
    return [bool(value) for value in front]


def front_order(points: Sequence[Point]) -> list[int]:
    """Return the indices of the front's points, from the lowest Acc and AttAcc to the highest.

    >>> front_order([(0.9, 0.6), (0.8, 0.4), (0.8, 0.5)])
    [1, 0]
    """
    on_front = nondominated(points)
    return sorted((index for index in range(len(points)) if on_front[index]), key=lambda index: points[index])


def hypervolume(points: Sequence[Point], reference: Point = REFERENCE) -> float:
    """Return the area that the points dominate, bounded by ``reference``; in [0, 1] for the default one.

    Points with a NaN, or not better than the reference in both, add nothing.

    >>> hypervolume([(1.0, 0.5)])
    0.5
    """
    array = _array(points)
    array = array[np.isfinite(array).all(axis=1)]
    return float(moocore.hypervolume(array, ref=list(reference), maximise=_MAXIMISE)) if len(array) else 0.0
