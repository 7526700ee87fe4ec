"""The Pareto front of natural accuracy (maximised) against worst attack accuracy (minimised).

Two objectives take one pass over sorted points. A library for any number of them costs quick looks more to
import than to run.
"""

import math
from collections.abc import Sequence

Point = tuple[float, float]
"""(Acc, AttAcc), fractions in [0, 1]; NaN marks a value that is not known."""

REFERENCE: Point = (0.0, 1.0)
"""Reference point of the hypervolume: no natural accuracy, and every reconstruction recognised."""


def nondominated(points: Sequence[Point]) -> list[bool]:
    """Return for each (Acc, AttAcc) whether no other point is as good in both and better in one.

    Equal points do not dominate each other: all copies of a point of the front are on it. A point with a
    NaN is never on the front and dominates nothing.

    >>> nondominated([(0.9, 0.6), (0.8, 0.4), (0.8, 0.5), (0.8, 0.4)])
    [True, True, False, True]
    """
    front = set(_front(points))
    return [tuple(point) in front for point in points]


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
    least, above = reference
    area = 0.0
    for acc, att_acc in _front(
        [(acc, att_acc) for acc, att_acc in points if acc > least and att_acc < above]
    ):
        area += (acc - least) * (above - att_acc)
        above = att_acc
    return area


def _front(points: Sequence[Point]) -> list[Point]:
    """Return the different points of the front, from the highest Acc and AttAcc to the lowest."""
    known = [(acc, att_acc) for acc, att_acc in points if math.isfinite(acc) and math.isfinite(att_acc)]
    front: list[Point] = []
    for acc, att_acc in sorted(known, key=lambda point: (-point[0], point[1])):
        if not front or att_acc < front[-1][1]:
            front.append((acc, att_acc))
    return front
