"""Two sweeps compared: their fronts, hypervolumes, and the configurations that both tried.

Differences are paired where both sweeps attacked the same classes; otherwise each side is resampled on its
own, and the comparison says why.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.reader import SweepResults
from results.statistics.comparison import (
    Attacked,
    Comparison,
    Pairs,
    classes_differ,
    compare_sides,
    differing,
)
from results.statistics.configurations import Configuration, Row
from results.statistics.front_interval import hypervolume_interval, step_areas
from results.statistics.intervals import Difference, Floats, Interval, class_draws, percentile_interval
from results.statistics.summary import SweepSummary
from results.statistics.tallies import Tally, pool_tallies, shared_classes, tallies

Draws = NDArray[np.int64]


@dataclass(frozen=True)
class SweepSide:
    """One of the two sweeps."""

    store: str
    summary: SweepSummary
    hypervolume_interval: Interval | None
    """95 % bootstrap interval over classes; the members of the front and their Acc are held fixed."""


@dataclass(frozen=True)
class SweepComparison:
    """The first sweep against the second."""

    first: SweepSide
    second: SweepSide
    paired: bool
    """Both attacked the same classes and judged alike: differences are taken class by class."""
    notes: tuple[str, ...]
    """What the sweeps do not share, and what it does to the pairs."""
    hypervolume_difference: Difference | None
    configurations: tuple[Comparison, ...]
    """Of those that both tried: the same settings of T, else the only ones of the same label."""
    only_first: tuple[Configuration, ...]
    only_second: tuple[Configuration, ...]


def compare_sweeps(first: SweepResults, second: SweepResults) -> SweepComparison:
    """Return the comparison of two sweeps, of one store or of two."""
    sides = [_Side(results) for results in (first, second)]
    notes = _unshared(sides[0].attacked.summary, sides[1].attacked.summary)
    paired = not any(note.breaks_pairs for note in notes)
    matches = _matches(sides[0].attacked.summary, sides[1].attacked.summary)
    pairing = _pairing_between(paired)
    return SweepComparison(
        first=sides[0].describe(),
        second=sides[1].describe(),
        paired=paired,
        notes=tuple(note.text for note in notes),
        hypervolume_difference=_hypervolume_difference(sides[0], sides[1], paired),
        configurations=tuple(
            compare_sides((sides[0].attacked, ours), (sides[1].attacked, other), pairing)
            for ours, other in matches
        ),
        only_first=_others(sides[0].attacked.summary, [ours for ours, _ in matches]),
        only_second=_others(sides[1].attacked.summary, [other for _, other in matches]),
    )


class _Side:
    """One sweep with what is resampled of it."""

    def __init__(self, results: SweepResults) -> None:
        self.store = results.store.uri
        rows = results.reconstruction_rows()
        self.attacked = Attacked(results.summary(), rows)
        self._tallies = tallies(rows)
        self._front = [
            (configuration.acc, self._attacks(configuration)) for configuration in results.summary().front
        ]

    @property
    def classes(self) -> list[int]:
        """Classes that every member of the front was attacked on, by every attack."""
        return shared_classes([tally for _, tallies in self._front for tally in tallies])

    def describe(self) -> SweepSide:
        """Return the side with the interval of its hypervolume."""
        summary = self.attacked.summary
        return SweepSide(self.store, summary, hypervolume_interval(summary))

    def areas(self, classes: Sequence[int], draws: Draws) -> Floats:
        """Return the hypervolume of the front in each resample of ``classes``, (resamples,)."""
        worst = [
            np.max([_share(tally, classes, draws) for tally in attacks], axis=0) for _, attacks in self._front
        ]
        return step_areas([acc for acc, _ in self._front], np.stack(worst, axis=1))

    def _attacks(self, configuration: Configuration) -> list[Tally]:
        return [
            pool_tallies(self._tallies[unit] for unit in attack.attack_ids if unit in self._tallies)
            for attack in configuration.attacks.values()
        ]


def _share(tally: Tally, classes: Sequence[int], draws: Draws) -> Floats:
    hits = np.array([tally.hits[index] for index in classes], dtype=np.float64)
    judged = np.array([tally.judged[index] for index in classes], dtype=np.float64)
    return np.asarray((draws @ hits) / (draws @ judged))


def _hypervolume_difference(first: _Side, second: _Side, paired: bool) -> Difference | None:
    classes = first.classes, second.classes
    if paired:
        shared = sorted(set(classes[0]) & set(classes[1]))
        classes = shared, shared
    if not all(classes):
        return None
    seeds = (0, 0) if paired else (0, 1)
    areas = [
        side.areas(own, class_draws(len(own), seed))
        for side, own, seed in zip((first, second), classes, seeds, strict=True)
    ]
    value = first.attacked.summary.hypervolume - second.attacked.summary.hypervolume
    return Difference(value, *percentile_interval(areas[0] - areas[1], min(map(len, classes)), (-1.0, 1.0)))


@dataclass(frozen=True)
class _Note:
    text: str
    breaks_pairs: bool


def _unshared(first: SweepSummary, second: SweepSummary) -> list[_Note]:
    """Return what keeps classes, reconstructions or hypervolumes of two sweeps from being pairs."""
    notes = _other_attacks(first, second)
    data = [{row["data_hash"] for row in summary.targets} for summary in (first, second)]
    if all(data) and data[0] != data[1]:
        notes.append(_Note("not paired: the sweeps were run on different data", True))
    for kind in first.attack_kinds:
        sides = [[row for row in summary.attacks if row["attack"] == kind] for summary in (first, second)]
        differences = differing([*sides[0], *sides[1]]) if all(sides) else {}
        what = f"attack {kind}: not the same {_names(differences)}"
        if classes_differ(differences):
            notes.append(_Note(f"not paired: {what}", True))
        elif differences:
            notes.append(_Note(f"{what}; paired by class, not by start", False))
    return notes


def _other_attacks(first: SweepSummary, second: SweepSummary) -> list[_Note]:
    kinds = first.attack_kinds, second.attack_kinds
    if set(kinds[0]) == set(kinds[1]) or not all(kinds):
        return []
    ours, theirs = (" and ".join(sorted(each)) for each in kinds)
    text = f"other attacks ({ours} against {theirs}): worst AttAcc and hypervolume are of different attacks"
    return [_Note(text, False)]


def _names(columns: dict[str, list[str]]) -> str:
    return " and ".join(column.replace("_", " ") for column in columns)


def _pairing_between(paired: bool) -> Callable[[str, Sequence[Row], Sequence[Row], bool], Pairs]:
    def _pairing(_kind: str, first: Sequence[Row], second: Sequence[Row], shared_seeds: bool) -> Pairs:
        if not paired:
            return "none"
        return "classes" if differing([*first, *second]) or not shared_seeds else "reconstructions"

    return _pairing


def _matches(first: SweepSummary, second: SweepSummary) -> list[tuple[Configuration, Configuration]]:
    """Return the configurations that both sweeps tried: by identity, else by a label that both have once."""
    theirs = {one.config_id: one for one in second.configurations}
    matched = [(one, theirs[one.config_id]) for one in first.configurations if one.config_id in theirs]
    ours_left = _by_label(_others(first, [one for one, _ in matched]))
    theirs_left = _by_label(_others(second, [other for _, other in matched]))
    by_label = [(one, theirs_left[label]) for label, one in ours_left.items() if label in theirs_left]
    return matched + by_label


def _by_label(configurations: Sequence[Configuration]) -> dict[str, Configuration]:
    labels = [configuration.label for configuration in configurations]
    return {
        configuration.label: configuration
        for configuration in configurations
        if labels.count(configuration.label) == 1
    }


def _others(summary: SweepSummary, used: Sequence[Configuration]) -> tuple[Configuration, ...]:
    known = {configuration.config_id for configuration in used}
    return tuple(
        configuration for configuration in summary.configurations if configuration.config_id not in known
    )
