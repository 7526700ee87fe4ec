"""Successes of reconstructions counted by class, and statistics resampled over classes."""

from collections import Counter, defaultdict
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


def mark_recognised(reconstructions: pa.Table, most: int = 1) -> pa.ChunkedArray:
    """Return for each row whether the attacked class is among the headline evaluator's first ``most``: bool.

    A reconstruction that was not found or has no rank is a failure.
    """
    import pyarrow.compute as pc  # quick looks count nothing, and importing it takes them long

    ranked = pc.fill_null(pc.less(reconstructions["rank"], most), False)
    return pc.and_(ranked, pc.fill_null(reconstructions["found"], True))


def tallies(reconstructions: pa.Table) -> dict[str, Tally]:
    """Return the tally of each attack_id."""
    table = pa.table(
        {
            "attack_id": reconstructions["attack_id"],
            "class_index": reconstructions["class_index"],
            "hit": mark_recognised(reconstructions).cast(pa.int64()),
        }
    )
    counted = table.group_by(["attack_id", "class_index"]).aggregate([("hit", "sum"), ("hit", "count")])
    columns = (counted[name].to_pylist() for name in ("attack_id", "class_index", "hit_sum", "hit_count"))
    result: dict[str, Tally] = defaultdict(Tally)
    for attack_id, index, hits, judged in zip(*columns, strict=True):
        tally = result[attack_id]
        tally.hits[index] = hits
        tally.judged[index] = judged
    return dict(result)


def pool_tallies(parts: Iterable[Tally]) -> Tally:
    """Return one tally of several: seeds are pooled within their class."""
    tallies = list(parts)
    if len(tallies) == 1:
        return tallies[0]
    whole = Tally()
    for part in tallies:
        whole.hits.update(part.hits)
        whole.judged.update(part.judged)
    return whole


def shared_classes(parts: Sequence[Tally]) -> list[int]:
    """Return the classes that every tally has judged, sorted."""
    return sorted(frozenset.intersection(*(part.classes for part in parts))) if parts else []


@lru_cache(maxsize=4)
def _draws(classes: int) -> Floats:
    return class_draws(classes).astype(np.float64)


Counts = tuple[tuple[int, ...], tuple[int, ...]]
"""Hits, and reconstructions judged, of each class in one order: what statistics of an attack depend on."""


def _counts(parts: Sequence[Tally], classes: list[int]) -> tuple[Counts, ...]:
    return tuple(
        (tuple(part.hits[index] for index in classes), tuple(part.judged[index] for index in classes))
        for part in parts
    )


def resample_tally(tally: Tally, classes: list[int]) -> Floats:
    """Return the attack accuracy of each resample of ``classes``, (2000,); paired over tallies."""
    ((hits, judged),) = _counts([tally], classes)
    return _resample(hits, judged)


@lru_cache(maxsize=64)
def _resample(hits: tuple[int, ...], judged: tuple[int, ...]) -> Floats:
    """As `resample_tally`; those of No-Def are wanted for every configuration. Read only."""
    shares = np.asarray((_draws(len(hits)) @ np.array(hits, dtype=np.float64)) / _count_drawn(judged))
    shares.flags.writeable = False
    return shares


@lru_cache(maxsize=64)
def _count_drawn(judged: tuple[int, ...]) -> Floats:
    """Return how many reconstructions each resample holds: nearly every attack judges the same."""
    return np.asarray(_draws(len(judged)) @ np.array(judged, dtype=np.float64))


def _share(counts: Counts) -> float:
    hits, judged = counts
    return sum(hits) / sum(judged)


def _largest(parts: tuple[Counts, ...]) -> Floats:
    """Return the largest attack accuracy of several attacks in each resample."""
    found = [_resample(*counts) for counts in parts]
    return found[0] if len(found) == 1 else np.max(found, axis=0)


def worst_interval(attacks: Sequence[Tally]) -> Interval | None:
    """Return the 95 % interval of the largest attack accuracy of several attacks on the same classes.

    The largest is taken anew in each resample, so that the interval includes the choice of the attack.
    """
    classes = shared_classes(attacks)
    return _interval(_counts(attacks, classes)) if classes else None


@lru_cache(maxsize=64)
def _interval(parts: tuple[Counts, ...]) -> Interval:
    """As `worst_interval`; where a sweep has one attack, that is asked for twice."""
    return percentile_interval(_largest(parts), len(parts[0][0]))


def worst_difference(attacks: Sequence[Tally], anchors: Sequence[Tally]) -> Difference | None:
    """Return the largest attack accuracy of ``attacks`` minus that of ``anchors``, paired by class."""
    classes = shared_classes([*attacks, *anchors])
    if not classes or not attacks or not anchors:
        return None
    return _difference(_counts(attacks, classes), _counts(anchors, classes))


@lru_cache(maxsize=64)
def _difference(parts: tuple[Counts, ...], anchors: tuple[Counts, ...]) -> Difference:
    value = max(map(_share, parts)) - max(map(_share, anchors))
    gaps = _largest(parts) - _largest(anchors)
    return Difference(value, *percentile_interval(gaps, len(parts[0][0]), (-1.0, 1.0)))
