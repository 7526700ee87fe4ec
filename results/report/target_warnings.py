"""What speaks against trusting the trained targets of a sweep, in sentences."""

from collections.abc import Iterable

from results.formatting import join_words
from results.statistics.fitness import FREEZES_RANDOM
from results.statistics.summary import SweepSummary, UnfitTarget

MOST_NAMED = 4
"""Targets or configurations that are named; the table of configurations marks the others."""


def target_warnings(summary: SweepSummary) -> list[str]:
    """Return warnings about the targets of a sweep: unfit ones, and frozen layers that are random."""
    return [*unfit_warnings(summary.unfit), *_random_layers(summary)]


def unfit_warnings(unfit: Iterable[UnfitTarget]) -> list[str]:
    """Return a warning for each T that says nothing about its defence, for many only the first ones."""
    found = list(unfit)
    shown = found if len(found) <= MOST_NAMED else found[: MOST_NAMED - 1]
    lines = [
        f"{one.label} (trial {one.number}): {one.reason}. It takes part in no verdict and no front."
        for one in shown
    ]
    left = len(found) - len(shown)
    return [*lines, f"{left} more classifiers are unfit in this way."] if left else lines


def _random_layers(summary: SweepSummary) -> list[str]:
    labels = [one.label for one in summary.configurations if one.freezes_random]
    if not labels:
        return []
    left = len(labels) - MOST_NAMED
    named = labels if left <= 0 else [*labels[: MOST_NAMED - 1], f"{left + 1} more"]
    return [f"{join_words(named)}: {FREEZES_RANDOM}."]
