"""Attainment of the front over training seeds: what one seed reaches, half of them, and every one."""

from collections.abc import Iterable
from dataclasses import dataclass

import moocore
import numpy as np

from results.statistics.configurations import Run
from results.statistics.fitness import unfit_reason
from results.statistics.pareto import Point
from results.statistics.summary import SweepSummary

LEAST_SEEDS = 2
LEAST_MEMBERS = 2


@dataclass(frozen=True)
class Surface:
    """What a share of the seeds attains: points (Acc, AttAcc), fractions, the lowest Acc first."""

    percent: float
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Attainment:
    """The empirical attainment function over seeds, of the configurations that have all of them."""

    seeds: tuple[int, ...]
    config_ids: tuple[str, ...]
    surfaces: tuple[Surface, ...]
    """By at least one seed, by half of them if that is something else, by every seed."""


def attainment(summary: SweepSummary, attack: str | None = None) -> Attainment | None:
    """Return the attainment of the configurations that were trained with the same two seeds or more.

    Each seed gives one set of points (Acc, AttAcc of ``attack`` or the worst). Nothing with fewer than two
    such configurations. Empirical attainment function: Grunert da Fonseca and Fonseca (2001), by moocore.
    """
    points = _points(summary, attack)
    seeds = _shared_seeds(points)
    members = [config for config, found in points.items() if seeds and set(seeds) <= found.keys()]
    if len(seeds) < LEAST_SEEDS or len(members) < LEAST_MEMBERS:
        return None
    rows = [points[config][seed] for seed in seeds for config in members]
    sets = [index for index, _ in enumerate(seeds) for _ in members]
    costs = np.array([(-acc, att_acc) for acc, att_acc in rows], dtype=np.float64)
    percents = dict.fromkeys((100 / len(seeds), 50.0, 100.0))
    found = moocore.eaf(costs, np.array(sets), percentiles=list(percents))
    return Attainment(seeds, tuple(members), tuple(_surface(found, value) for value in percents))


def _surface(points: "np.ndarray[tuple[int, int], np.dtype[np.float64]]", percent: float) -> Surface:
    rows = points[np.isclose(points[:, 2], percent)]
    return Surface(percent, tuple(sorted((float(-acc), float(att_acc)) for acc, att_acc, _ in rows)))


def _points(summary: SweepSummary, attack: str | None) -> dict[str, dict[int, Point]]:
    """Return the point of each configuration and seed that is known."""
    points: dict[str, dict[int, Point]] = {}
    for run in summary.runs:
        point = run_point(run, [attack] if attack else summary.attack_kinds)
        if point is not None and (run.target["control"] or "none") == "none":
            config = run.target["config_id"] or run.target["target_id"]
            points.setdefault(config, {})[run.seed] = point
    return points


def run_point(run: Run, kinds: Iterable[str]) -> Point | None:
    """Return (Acc, worst AttAcc over ``kinds``) of one trial.

    Nothing when one of them is not known, or when its T says nothing about the defence.
    """
    if unfit_reason(run.target):
        return None
    known = {row["attack"]: row["att_acc"] for row in run.attacks}
    values = [known.get(kind) for kind in kinds]
    if run.target["acc"] is None or not values or None in values:
        return None
    return run.target["acc"], max(value for value in values if value is not None)


def _shared_seeds(points: dict[str, dict[int, Point]]) -> tuple[int, ...]:
    """Return the set of seeds that the most configurations have, of two seeds or more."""
    candidates = {tuple(sorted(found)) for found in points.values() if len(found) >= LEAST_SEEDS}

    def _worth(seeds: tuple[int, ...]) -> tuple[int, int]:
        return sum(set(seeds) <= found.keys() for found in points.values()), len(seeds)

    return max(sorted(candidates), key=_worth, default=())
