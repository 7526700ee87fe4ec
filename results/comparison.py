"""Two defences compared, paired: the same classes, restarts and random starts, T of the same seed."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from results.configurations import Configuration, Row
from results.labels import configuration_label
from results.stats import Difference, class_draws, percentile_interval
from results.summary import SweepSummary

_SAME = ("settings", "generator_id", "evaluator", "attacked_classes", "attack_seed")
"""Columns of the attacks table that must agree for reconstructions to be pairs."""

Cell = tuple[int, int]
"""(class, restart)"""


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

    def frame(self) -> pd.DataFrame:
        """Return one row per attack: the difference of AttAcc (fractions), its interval, pairs and signs.

        Columns: attack, difference, low, high, pairs, classes_lower, classes_higher, classes_equal, p_value.
        """
        return pd.DataFrame([_comparison_row(one) for one in self.attacks])


def _comparison_row(one: AttackComparison) -> Row:
    return {
        "attack": one.attack,
        "difference": one.difference.value,
        "low": one.difference.low,
        "high": one.difference.high,
        "pairs": one.pairs,
        "classes_lower": one.signs.lower,
        "classes_higher": one.signs.higher,
        "classes_equal": one.signs.equal,
        "p_value": one.signs.p_value,
    }


def compared(summary: SweepSummary, reconstructions: pa.Table, first: str, second: str) -> Comparison:
    """Return the paired comparison of two configurations of a sweep, named as in `SweepResults.compare`.

    Raises `NotComparable`.
    """
    return Pairing(summary, reconstructions).compare(named(summary, first), named(summary, second))


class Pairing:
    """Compares configurations of one sweep."""

    def __init__(self, summary: SweepSummary, reconstructions: pa.Table) -> None:
        self._summary = summary
        self._hits = _hits(reconstructions, [row["attack_id"] for row in summary.attacks])

    def compare(self, first: Configuration, second: Configuration) -> Comparison:
        """Return the comparison of every kind of attack that both have; raises `NotComparable`."""
        seeds = tuple(sorted(set(first.seeds) & set(second.seeds)))
        kinds = [kind for kind in first.attacks if kind in second.attacks]
        attacks = (self._attack(kind, first, second, seeds) for kind in kinds)
        return Comparison(
            first=first,
            second=second,
            seeds=seeds,
            acc_difference=self._acc(first, seeds) - self._acc(second, seeds),
            attacks=tuple(one for one in attacks if one is not None),
        )

    def _acc(self, one: Configuration, seeds: tuple[int, ...]) -> float:
        known = [row["acc"] for row in self._targets(one) if not seeds or row["seed"] in seeds]
        return sum(known) / len(known) if known else one.acc

    def _targets(self, one: Configuration) -> list[Row]:
        return [row for row in self._summary.targets if _is_of(row, one) and row["acc"] is not None]

    def _attack(
        self, kind: str, first: Configuration, second: Configuration, seeds: tuple[int, ...]
    ) -> AttackComparison | None:
        sides = [self._rows(kind, one, seeds) for one in (first, second)]
        _require_alike(kind, sides[0] + sides[1])
        if seeds:
            gaps, pairs = self._paired_gaps(*sides)
        else:
            gaps, pairs = _gaps(*(self._class_means(rows) for rows in sides)), 0
        if not gaps:
            return None
        array = np.array([gaps[index] for index in sorted(gaps)])
        draws = class_draws(len(array))
        interval = percentile_interval(draws @ array / len(array), len(array), (-1.0, 1.0))
        signs = SignTest(int((array < 0).sum()), int((array > 0).sum()), int((array == 0).sum()))
        return AttackComparison(kind, Difference(float(array.mean()), *interval), signs, pairs)

    def _rows(self, kind: str, one: Configuration, seeds: tuple[int, ...]) -> list[Row]:
        return [
            row
            for row in self._summary.attacks
            if row["attack"] == kind and _is_of(row, one) and (not seeds or row["seed"] in seeds)
        ]

    def _paired_gaps(self, first: list[Row], second: list[Row]) -> tuple[dict[int, float], int]:
        """Return the mean gap of each class over the pairs of the same seed and restart, and their number."""
        theirs = {row["seed"]: self._hits.get(row["attack_id"], {}) for row in second}
        gaps: dict[int, list[int]] = defaultdict(list)
        for row in first:
            other = theirs.get(row["seed"], {})
            for cell, hit in self._hits.get(row["attack_id"], {}).items():
                if cell in other:
                    gaps[cell[0]].append(hit - other[cell])
        means = {index: sum(values) / len(values) for index, values in gaps.items()}
        return means, sum(len(values) for values in gaps.values())

    def _class_means(self, rows: list[Row]) -> dict[int, float]:
        found: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            for (index, _), hit in self._hits.get(row["attack_id"], {}).items():
                found[index].append(hit)
        return {index: sum(values) / len(values) for index, values in found.items()}


def _hits(reconstructions: pa.Table, attack_ids: Sequence[str]) -> dict[str, dict[Cell, int]]:
    """Return for each attack whether each (class, restart) was recognised, 1 or 0."""
    rows = reconstructions.filter(pc.is_in(reconstructions["attack_id"], pa.array(attack_ids, pa.string())))
    ranked_first = pc.fill_null(pc.equal(rows["rank"], 0), False)
    hit = pc.and_(ranked_first, pc.fill_null(rows["found"], True))
    columns = [rows[name].to_pylist() for name in ("attack_id", "class_index", "restart")]
    found: dict[str, dict[Cell, int]] = defaultdict(dict)
    for attack_id, index, restart, success in zip(*columns, hit.to_pylist(), strict=True):
        found[attack_id][index, restart] = int(success)
    return found


def _gaps(first: Mapping[int, float], second: Mapping[int, float]) -> dict[int, float]:
    return {index: first[index] - second[index] for index in first if index in second}


def _is_of(row: Row, one: Configuration) -> bool:
    same = (row["config_id"] or row["target_id"]) == one.config_id
    return bool(same and (row["control"] or "none") == one.control)


def _require_alike(kind: str, rows: Sequence[Row]) -> None:
    for name in _SAME:
        found = {row[name] for row in rows}
        if len(found) > 1:
            raise NotComparable(
                f"attack {kind}: {name} differs ({', '.join(sorted(map(str, found)))}); compare "
                "configurations whose attacks differ in T alone"
            )


def named(summary: SweepSummary, name: str) -> Configuration:
    """Return the configuration meant by a config_id, its beginning, a label or a kind of defence.

    Raises `NotComparable` unless it is exactly one.
    """
    known = [*summary.configurations, *summary.controls]
    for matches in (
        [one for one in known if name in (one.config_id, one.label)],
        [one for one in summary.configurations if one.defense == name],
        [one for one in known if name and one.config_id.startswith(name)],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise NotComparable(f"{name!r} is not one configuration: {_choices(matches)}; give a config_id")
    raise NotComparable(f"no configuration {name!r} has finished; there are {_choices(known) or 'none yet'}")


def _choices(found: Sequence[Configuration]) -> str:
    return ", ".join(f"{one.config_id} ({configuration_label(vars(one))})" for one in found)
