"""Two configurations compared, of one sweep or of two: paired by classes and starts where these agree."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from results.statistics.configurations import Configuration, Row
from results.statistics.intervals import Difference, Floats, class_draws, percentile_interval
from results.statistics.summary import SweepSummary
from results.statistics.tallies import mark_recognised

if TYPE_CHECKING:
    import pandas as pd

_SAME = ("attack_settings", "generator_id", "evaluator", "attacked_classes", "attack_seed")
"""Columns of the attacks table that must agree for reconstructions to be pairs."""

_CLASSES = ("evaluator", "attacked_classes")
"""Those of them that must agree for classes to be pairs."""

Cell = tuple[int, int]
"""(class, restart)"""

Pairs = Literal["reconstructions", "classes", "none"]
"""What is subtracted from what: rows of the same seed of T, class and restart; means of the same class; or
means of everything, each side resampled on its own."""


class NotComparable(ValueError):
    """Two configurations that are not in the sweep, or whose attacks differ in more than T."""


class SignTest(NamedTuple):
    """How many classes went which way; equal ones say nothing."""

    lower: int
    higher: int
    equal: int

    @property
    def p_value(self) -> float:
        """Return the two-sided exact probability of a split as uneven, were both ways equally likely.

        >>> SignTest(lower=9, higher=1, equal=10).p_value
        0.021484375
        """
        count = self.lower + self.higher
        tail = sum(math.comb(count, index) for index in range(min(self.lower, self.higher) + 1))
        return float(min(1.0, 2 * tail / 2**count))


@dataclass(frozen=True)
class AttackComparison:
    """One kind of attack on both configurations."""

    attack: str
    difference: Difference
    """AttAcc of the first minus that of the second, 95 % bootstrap interval over classes."""
    signs: SignTest
    pairs: int
    """Reconstructions of the same seed of T, class and restart on both; 0 when paired by class alone."""
    pairing: Pairs = "reconstructions"

    def row(self) -> dict[str, Any]:
        """Return the comparison as a row of a table: fractions, counts of classes, a probability."""
        return {
            "attack": self.attack,
            "difference": self.difference.value,
            "low": self.difference.low,
            "high": self.difference.high,
            "pairing": self.pairing,
            "pairs": self.pairs,
            "classes_lower": self.signs.lower,
            "classes_higher": self.signs.higher,
            "classes_equal": self.signs.equal,
            "p_value": self.signs.p_value if self.pairing != "none" else None,
        }


@dataclass(frozen=True)
class Comparison:
    """The first configuration against the second."""

    first: Configuration
    second: Configuration
    seeds: tuple[int, ...]
    """Training seeds that both have; empty: each has its own, and classes alone are paired."""
    acc_difference: float
    """Natural accuracy of the first minus that of the second, over ``seeds``."""
    attacks: tuple[AttackComparison, ...]

    def frame(self) -> "pd.DataFrame":
        """Return one row per attack: the difference of AttAcc (fractions), its interval, pairs and signs.

        Columns: attack, difference, low, high, pairing, pairs, classes_lower, classes_higher, classes_equal,
        p_value.
        """
        # pandas takes a second, which only frames should cost.
        import pandas as pd

        return pd.DataFrame([attack.row() for attack in self.attacks])


def compare_configurations(
    summary: SweepSummary, reconstructions: pa.Table, first: str, second: str
) -> Comparison:
    """Return the paired comparison of two configurations of a sweep, named as in `SweepResults.compare`.

    Raises `NotComparable`.
    """
    return Pairing(summary, reconstructions).compare(
        find_configuration(summary, first), find_configuration(summary, second)
    )


class Attacked:
    """The attacks of one sweep, and whether each of their reconstructions was recognised."""

    def __init__(self, summary: SweepSummary, reconstructions: pa.Table) -> None:
        self.summary = summary
        self.hits = _hits(reconstructions, [row["attack_id"] for row in summary.attacks])

    def acc(self, configuration: Configuration, seeds: tuple[int, ...]) -> float:
        """Return the mean natural accuracy over ``seeds``, over all without any."""
        rows = [row for row in self.summary.targets if _is_of(row, configuration) and row["acc"] is not None]
        known = [row["acc"] for row in rows if not seeds or row["seed"] in seeds]
        return sum(known) / len(known) if known else configuration.acc

    def rows(self, kind: str, configuration: Configuration, seeds: tuple[int, ...]) -> list[Row]:
        """Return the attacks of one kind on T of ``seeds``, of all without any."""
        return [
            row
            for row in self.summary.attacks
            if row["attack"] == kind and _is_of(row, configuration) and (not seeds or row["seed"] in seeds)
        ]

    def class_means(self, rows: list[Row]) -> dict[int, float]:
        """Return the share of recognised reconstructions of each class."""
        hits: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            for (index, _), hit in self.hits.get(row["attack_id"], {}).items():
                hits[index].append(hit)
        return {index: sum(values) / len(values) for index, values in hits.items()}


class Pairing:
    """Compares configurations of one sweep."""

    def __init__(self, summary: SweepSummary, reconstructions: pa.Table) -> None:
        self._attacked = Attacked(summary, reconstructions)

    def compare(self, first: Configuration, second: Configuration) -> Comparison:
        """Return the comparison of every kind of attack that both have; raises `NotComparable`."""
        return compare_sides((self._attacked, first), (self._attacked, second), _pairing_within)


Side = tuple[Attacked, Configuration]


def compare_sides(
    first: Side, second: Side, pairing: Callable[[str, Sequence[Row], Sequence[Row], bool], Pairs]
) -> Comparison:
    """Return the comparison of every kind of attack that both configurations have.

    ``pairing`` says what pairs, from the kind of attack, the rows of both sides and whether seeds are shared.
    """
    (ours, one), (theirs, other) = first, second
    seeds = tuple(sorted(set(one.seeds) & set(other.seeds)))
    attacks = []
    for kind in (kind for kind in one.attacks if kind in other.attacks):
        rows = ours.rows(kind, one, seeds), theirs.rows(kind, other, seeds)
        how = pairing(kind, *rows, bool(seeds))
        attacks.append(_attack_comparison(kind, how, (ours, rows[0]), (theirs, rows[1])))
    return Comparison(
        first=one,
        second=other,
        seeds=seeds,
        acc_difference=ours.acc(one, seeds) - theirs.acc(other, seeds),
        attacks=tuple(found for found in attacks if found is not None),
    )


def _pairing_within(kind: str, first: Sequence[Row], second: Sequence[Row], shared_seeds: bool) -> Pairs:
    """Refuse attacks of one sweep that differ in more than T."""
    differences = differing([*first, *second])
    for name, values in differences.items():
        raise NotComparable(
            f"attack {kind}: {name} differs ({', '.join(values)}); compare "
            "configurations whose attacks differ in T alone"
        )
    return "reconstructions" if shared_seeds else "classes"


def differing(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return what differs between attacks that ought to differ in T alone: column -> its values."""
    values = {name: sorted({str(row[name]) for row in rows}) for name in _SAME}
    return {name: seen for name, seen in values.items() if len(seen) > 1}


def classes_differ(names: Iterable[str]) -> bool:
    """Return whether columns that differ make classes no pairs either."""
    return any(name in _CLASSES for name in names)


def _attack_comparison(
    kind: str, how: Pairs, first: tuple[Attacked, list[Row]], second: tuple[Attacked, list[Row]]
) -> AttackComparison | None:
    if how == "reconstructions":
        gaps, pairs = _paired_gaps(first, second)
    else:
        means = [attacked.class_means(rows) for attacked, rows in (first, second)]
        if how == "none":
            return _unpaired(kind, *(np.array(list(found.values())) for found in means))
        gaps, pairs = _gaps(*means), 0
    if not gaps:
        return None
    array = np.array([gaps[index] for index in sorted(gaps)])
    draws = class_draws(len(array))
    interval = percentile_interval(draws @ array / len(array), len(array), (-1.0, 1.0))
    signs = SignTest(int((array < 0).sum()), int((array > 0).sum()), int((array == 0).sum()))
    return AttackComparison(kind, Difference(float(array.mean()), *interval), signs, pairs, how)


def _unpaired(kind: str, first: Floats, second: Floats) -> AttackComparison | None:
    """Return the difference of two means over classes that are not the same, each resampled on its own."""
    if not len(first) or not len(second):
        return None
    sides = [class_draws(len(array), seed) @ array / len(array) for seed, array in enumerate((first, second))]
    interval = percentile_interval(sides[0] - sides[1], min(len(first), len(second)), (-1.0, 1.0))
    difference = Difference(float(first.mean() - second.mean()), *interval)
    return AttackComparison(kind, difference, SignTest(0, 0, 0), 0, "none")


def _paired_gaps(
    first: tuple[Attacked, list[Row]], second: tuple[Attacked, list[Row]]
) -> tuple[dict[int, float], int]:
    """Return the mean gap of each class over the pairs of the same seed and restart, and their number."""
    theirs = {row["seed"]: second[0].hits.get(row["attack_id"], {}) for row in second[1]}
    gaps: dict[int, list[int]] = defaultdict(list)
    for row in first[1]:
        other = theirs.get(row["seed"], {})
        for cell, hit in first[0].hits.get(row["attack_id"], {}).items():
            if cell in other:
                gaps[cell[0]].append(hit - other[cell])
    means = {index: sum(values) / len(values) for index, values in gaps.items()}
    return means, sum(len(values) for values in gaps.values())


def _hits(reconstructions: pa.Table, attack_ids: Sequence[str]) -> dict[str, dict[Cell, int]]:
    """Return for each attack whether each (class, restart) was recognised, 1 or 0."""
    rows = reconstructions.filter(pc.is_in(reconstructions["attack_id"], pa.array(attack_ids, pa.string())))
    columns = [rows[name].to_pylist() for name in ("attack_id", "class_index", "restart")]
    hits: dict[str, dict[Cell, int]] = defaultdict(dict)
    for attack_id, index, restart, success in zip(*columns, mark_recognised(rows).to_pylist(), strict=True):
        hits[attack_id][index, restart] = int(success)
    return hits


def _gaps(first: Mapping[int, float], second: Mapping[int, float]) -> dict[int, float]:
    return {index: first[index] - second[index] for index in first if index in second}


def _is_of(row: Row, configuration: Configuration) -> bool:
    same = (row["config_id"] or row["target_id"]) == configuration.config_id
    return bool(same and (row["control"] or "none") == configuration.control)


def find_configuration(summary: SweepSummary, name: str) -> Configuration:
    """Return the configuration meant by a config_id, its beginning, a label or a kind of defence.

    Raises `NotComparable` unless it is exactly one.
    """
    known = [*summary.configurations, *summary.controls]
    for matches in (
        [configuration for configuration in known if name in (configuration.config_id, configuration.label)],
        [configuration for configuration in summary.configurations if configuration.defense == name],
        [configuration for configuration in known if name and configuration.config_id.startswith(name)],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise NotComparable(f"{name!r} is not one configuration: {_choices(matches)}; give a config_id")
    raise NotComparable(f"no configuration {name!r} has finished; there are {_choices(known) or 'none yet'}")


def _choices(configurations: Sequence[Configuration]) -> str:
    return ", ".join(f"{configuration.config_id} ({configuration.label})" for configuration in configurations)
