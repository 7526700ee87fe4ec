"""Whether a trained T can say anything about its defence: the one place that decides it, from its row."""

import math
from collections.abc import Mapping
from typing import Any

from results.statistics.intervals import Interval

LEAST_TIMES_CHANCE = 1.5
"""A T whose Acc is less than so many times chance has not learnt its classes."""
MOST_ACCURACY_LOST = 0.2
"""Accuracy on the training pictures that may be lost between training and measuring."""
JUDGED = ("acc", "classes", "test_images", "train_acc", "curve_train_acc")
"""Columns of a target that decide it, beside ``control``."""
_Z = 1.959963984540054
"""Standard deviations on each side of a 95 % interval."""

FREEZES_RANDOM = (
    "T starts from random weights: freezing keeps random layers, which is not the TL-DMI of the paper"
)
"""Said of a defence that freezes layers of such a T."""


def unfit_reason(target: Mapping[str, Any]) -> str | None:
    """Return why a T, of which ``target`` is the row, says nothing about its defence; ``None`` where it may.

    It does not know its classes: the 95 % interval of its Acc holds chance, or its Acc is below 1.5 times
    chance. Or it is not the network that was trained: measured again, it has lost more than 20 points of the
    accuracy on the training pictures that it had while it was trained. Controls are to know nobody and are
    never unfit. What an older row does not hold is not judged.
    """
    if (target.get("control") or "none") != "none":
        return None
    return _near_chance(target) or _lost(target)


def _near_chance(target: Mapping[str, Any]) -> str | None:
    acc, classes, pictures = (target.get(name) for name in ("acc", "classes", "test_images"))
    if acc is None or not classes or not pictures:
        return None
    chance, interval = 1 / classes, share_interval(acc, pictures)
    if interval[0] > chance and acc >= LEAST_TIMES_CHANCE * chance:
        return None
    return (
        f"T has not learnt its classes: Acc {_percent(acc)} % of {pictures} test pictures (95 % interval "
        f"{_percent(interval[0])} to {_percent(interval[1])}), chance {_percent(chance)} %"
    )


def _lost(target: Mapping[str, Any]) -> str | None:
    during, after = target.get("curve_train_acc"), target.get("train_acc")
    if during is None or after is None or during - after <= MOST_ACCURACY_LOST:
        return None
    return (
        f"T is not what was trained: accuracy on its training pictures {_percent(during)} % during the "
        f"training, {_percent(after)} % measured after it; statistics of BatchNorm need more steps"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def share_interval(share: float, count: int) -> Interval:
    """Return the 95 % interval of a ``share`` of ``count`` independent answers (Wilson, 1927).

    >>> [round(end, 3) for end in share_interval(0.5, 12)]
    [0.254, 0.746]
    """
    square = _Z * _Z / count
    middle = (share + square / 2) / (1 + square)
    reach = _Z * math.sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)
