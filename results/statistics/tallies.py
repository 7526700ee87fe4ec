"""Successes of reconstructions counted by class, and statistics resampled over classes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyarrow as pa

from results.statistics.intervals import Difference, Floats, Interval, class_draws, percentile_interval


@dataclass(frozen=True)
class Tally:
    """Reconstructions of each class that the headline evaluator recognised, and all that it judged."""

    hits: Counter[int] = field(default_factory=Counter)
    judged: Counter[int] = field(default_factory=Counter)

    @property
    def classes(self) -> frozenset[int]:
        """Classes with at least one reconstruction."""
        return frozenset(self.judged)


def tallies(reconstructions: pa.Table) -> dict[str, Tally]:
    """Return the tally of each attack_id; a reconstruction that was not found or has no rank is a failure."""
    import pyarrow.compute as pc  # quick looks count nothing, and importing it takes them long

    ranked_first = pc.fill_null(pc.equal(reconstructions["rank"], 0), False)
    found = pc.fill_null(reconstructions["found"], True)
    table = pa.table(
        {
            "attack_id": reconstructions["attack_id"],
            "class_index": reconstructions["class_index"],
            "hit": pc.cast(pc.and_(ranked_first, found), pa.int64()),
        }
    )
    counted = table.group_by(["attack_id", "class_index"]).aggregate([("hit", "sum"), ("hit", "count")])
    result: dict[str, Tally] = {}
    for row in counted.to_pylist():
        tally = result.setdefault(row["attack_id"], Tally())
        tally.hits[row["class_index"]] += row["hit_sum"]
        tally.judged[row["class_index"]] += row["hit_count"]
    return result


def pooled(parts: Iterable[Tally]) -> Tally:
    """Return one tally of several: seeds are pooled within their class."""
    whole = Tally()
    for part in parts:
        whole.hits.update(part.hits)
        whole.judged.update(part.judged)
    return whole


def shared_classes(parts: Sequence[Tally]) -> list[int]:
    """Return the classes that every tally has judged, sorted."""
    return sorted(frozenset.intersection(*(part.classes for part in parts))) if parts else []


@lru_cache(maxsize=4)
def _draws(classes: int) -> Floats:
    return class_draws(classes).astype(np.float64)


def resampled(tally: Tally, classes: list[int]) -> Floats:
    """Return the attack accuracy of each resample of ``classes``, (2000,); paired over tallies."""
    hits = np.array([tally.hits[index] for index in classes], dtype=np.float64)
    judged = tuple(tally.judged[index] for index in classes)
    return np.asarray((_draws(len(classes)) @ hits) / _drawn(judged))


@lru_cache(maxsize=64)
def _drawn(judged: tuple[int, ...]) -> Floats:
    """Return how many reconstructions each resample holds: nearly every attack judges the same."""
    return np.asarray(_draws(len(judged)) @ np.array(judged, dtype=np.float64))


def _share(tally: Tally, classes: list[int]) -> float:
    return sum(tally.hits[index] for index in classes) / sum(tally.judged[index] for index in classes)


def worst_interval(attacks: Sequence[Tally]) -> Interval | None:
    """Return the 95 % interval of the largest attack accuracy of several attacks on the same classes.

    The largest is taken anew in each resample, so that the interval includes the choice of the attack.
    """
    classes = shared_classes(attacks)
    if not classes:
        return None
    worst = np.max([resampled(tally, classes) for tally in attacks], axis=0)
    return percentile_interval(worst, len(classes))


def worst_difference(attacks: Sequence[Tally], anchors: Sequence[Tally]) -> Difference | None:
    """Return the largest attack accuracy of ``attacks`` minus that of ``anchors``, paired by class."""
    classes = shared_classes([*attacks, *anchors])
    if not classes or not attacks or not anchors:
        return None
    value = max(_share(tally, classes) for tally in attacks) - max(
        _share(tally, classes) for tally in anchors
    )
    gaps = np.max([resampled(tally, classes) for tally in attacks], axis=0) - np.max(
        [resampled(tally, classes) for tally in anchors], axis=0
    )
    return Difference(value, *percentile_interval(gaps, len(classes), (-1.0, 1.0)))
