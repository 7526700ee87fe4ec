"""How certain the hypervolume of a front is: the classes resampled, the members of the front kept."""

from collections.abc import Sequence

import numpy as np

from results.statistics.configurations import Configuration
from results.statistics.intervals import Floats, Interval, percentile_interval
from results.statistics.pareto import front_order
from results.statistics.summary import SweepSummary
from results.statistics.tallies import Tally, pool_tallies, resample_tally, shared_classes


def hypervolume_interval(summary: SweepSummary, attack: str | None = None) -> Interval | None:
    """Return the 95 % bootstrap interval over classes of the hypervolume of the front, within [0, 1].

    The members of the front stay those that were found: choosing them anew in each resample would make
    chance look like progress. Acc is held fixed. Of one ``attack``, or of the worst. Nothing without classes
    that every member was attacked on.
    """
    front = attacked_front(summary, attack)
    tallies = [_tallies(summary, configuration, attack) for configuration in front]
    classes = shared_classes([tally for found in tallies for tally in found])
    if not classes or not all(tallies):
        return None
    columns = [np.max([resample_tally(tally, classes) for tally in found], axis=0) for found in tallies]
    areas = step_areas([configuration.acc for configuration in front], np.stack(columns, axis=1))
    return percentile_interval(areas, len(classes))


def attacked_front(summary: SweepSummary, attack: str | None) -> tuple[Configuration, ...]:
    """Return the front of the worst attack, or of one alone, the lowest Acc first."""
    if attack is None:
        return summary.front
    known = [
        configuration
        for configuration in summary.configurations
        if attack in configuration.attacks and not configuration.unfit
    ]
    points = [(configuration.acc, configuration.attacks[attack].att_acc) for configuration in known]
    return tuple(known[index] for index in front_order(points))


def step_areas(accs: Sequence[float], att_accs: Floats) -> Floats:
    """Return the area that each row of points dominates, bounded by (Acc 0, AttAcc 1).

    ``accs`` (M,) rising; ``att_accs`` (resamples, M); both in [0, 1].

    >>> step_areas([0.5, 1.0], np.array([[0.2, 0.6], [0.7, 0.6]]))
    array([0.6, 0.4])
    """
    widths = np.diff(np.asarray(accs, dtype=np.float64), prepend=0.0)
    least = np.minimum.accumulate(att_accs[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((1 - np.clip(least, 0, 1)) @ widths)


def _tallies(summary: SweepSummary, configuration: Configuration, attack: str | None) -> list[Tally]:
    kinds = [attack] if attack else list(configuration.attacks)
    parts = [[summary.tallies.get(unit) for unit in configuration.attacks[kind].attack_ids] for kind in kinds]
    return [pool_tallies(tally for tally in part if tally) for part in parts]
