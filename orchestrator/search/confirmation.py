"""Which configurations get further seeds: those on the front or all, No-Def always among them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from results import nondominated

Point = tuple[float, float]
"""(Acc, worst AttAcc): the first is better when larger, the second when smaller."""


def to_confirm(
    points: Mapping[int, Point],
    at_most: int,
    anchor: int = 0,
    confirmed: Collection[int] = (),
    of: Literal["front", "all"] = "front",
) -> list[int]:
    """Return the trial numbers to run again: ``anchor`` (No-Def) first, then front points spread widest.

    Each next one is the front point farthest, in objectives scaled to the front's ranges, from those already
    chosen and those ``confirmed`` before; ties go to the earlier trial. With ``of`` all, what is not on the
    front follows, the smallest AttAcc first. A failed anchor (absent from ``points``) is not confirmed.

    >>> to_confirm({0: (0.9, 0.5), 1: (0.8, 0.6), 2: (0.8, 0.2), 3: (0.85, 0.21)}, at_most=2)
    [0, 2]
    """
    taken = [key for key in confirmed if key in points]
    chosen = [anchor][:at_most] if anchor in points and anchor not in taken else []
    front = zip(points, nondominated(list(points.values())), strict=True)
    left = [key for key, on_front in front if on_front and key not in (*chosen, *taken)]
    scaled = _scale(points, {*left, *chosen, *taken})
    while left and len(chosen) < at_most:
        farthest = max(left, key=lambda key: (_distance(scaled, key, [*taken, *chosen]), -key))
        left.remove(farthest)
        chosen.append(farthest)
    if of == "all":
        others = [key for key in points if key not in (*chosen, *taken)]
        chosen += sorted(others, key=lambda key: (points[key][1], key))[: at_most - len(chosen)]
    return chosen


def _scale(points: Mapping[int, Point], keys: set[int]) -> dict[int, Point]:
    columns = [[points[key][axis] for key in keys] for axis in (0, 1)]
    spans = [(max(column) - min(column)) or 1.0 if column else 1.0 for column in columns]
    return {key: (points[key][0] / spans[0], points[key][1] / spans[1]) for key in keys}


def _distance(scaled: Mapping[int, Point], key: int, chosen: Sequence[int]) -> float:
    """Return the squared distance to the nearest chosen point; without any, prefer the highest Acc."""
    x, y = scaled[key]
    if not chosen:
        return x
    return min((x - scaled[other][0]) ** 2 + (y - scaled[other][1]) ** 2 for other in chosen)
