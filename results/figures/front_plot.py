"""What every figure of a front draws, in percent: points with bars, the step line, chance and control."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from results.figures.palette import Style, sweep_styles
from results.formatting import percent
from results.labels import control_name
from results.statistics.configurations import Configuration
from results.statistics.front_interval import attacked_front
from results.statistics.intervals import Interval
from results.statistics.pareto import Point
from results.statistics.summary import SweepSummary

X_TITLE = "Natural accuracy (%)"
WORST_TITLE = "Worst attack accuracy (%)"
MOST_BARS = 30
"""With more configurations than this, error bars are drawn on the front and No-Def alone."""
MOST_DRAWN = 2000
"""With more configurations than this, those that are dominated are thinned evenly along Acc."""

T = TypeVar("T")


@dataclass(frozen=True)
class Level:
    """A horizontal line that attack accuracy is read against, in percent."""

    name: str
    value: float
    dash: str
    line: str


@dataclass(frozen=True)
class PlottedPoint:
    """One configuration in a figure, in percent; a bar reaches ``below`` and ``above`` its value."""

    configuration: Configuration
    x: float
    y: float
    on_front: bool
    reach_x: Interval = (0.0, 0.0)
    reach_y: Interval = (0.0, 0.0)
    """Below and above; zero without a bar."""

    @property
    def large(self) -> bool:
        """It is drawn large and opaque: on the front, or No-Def, which all are measured against."""
        return self.on_front or self.configuration.is_anchor


@dataclass(frozen=True)
class FrontPlot:
    """A front as it is drawn, in percent."""

    attack: str | None
    """The attack whose AttAcc is drawn; nothing: of each configuration the worst."""
    y_title: str
    """What the vertical axis shows."""
    families: dict[str, tuple[PlottedPoint, ...]]
    """Points of each defence family, those of the front first."""
    styles: dict[str, Style]
    """Colours and marker of each family."""
    step: tuple[tuple[float, ...], tuple[float, ...]]
    """The corners of the front's step line: the least AttAcc to be had at an Acc of at least x."""
    levels: tuple[Level, ...]
    x_range: Interval
    y_range: Interval
    left_out: int
    """Dominated configurations that are not drawn."""

    @property
    def points(self) -> list[PlottedPoint]:
        """Every point, family by family."""
        return [point for members in self.families.values() for point in members]


def plot_front(summary: SweepSummary, attack: str | None = None) -> FrontPlot:
    """Return what the figures of a sweep draw: every configuration whose Acc and AttAcc are known.

    None whose T is unfit. Of one ``attack``, or of the worst one of each configuration.
    """
    known = [
        configuration
        for configuration in summary.configurations
        if _att_acc(configuration, attack) is not None and not configuration.unfit
    ]
    front = attacked_front(summary, attack)
    members = {configuration.config_id for configuration in front}
    shown = thin_out(known, members)
    few = len(known) <= MOST_BARS
    points = [
        _point(configuration, attack, configuration.config_id in members, few) for configuration in shown
    ]
    levels = _levels(summary, attack)
    x_range, y_range = _ranges(points, levels)
    families: dict[str, list[PlottedPoint]] = defaultdict(list)
    for point in sorted(points, key=lambda point: not point.on_front):
        families[point.configuration.defense].append(point)
    corners = [(configuration.acc, _att_acc(configuration, attack) or 0.0) for configuration in front]
    return FrontPlot(
        attack=attack,
        y_title=f"{summary.attack_names[attack]} attack accuracy (%)" if attack else WORST_TITLE,
        styles=sweep_styles(summary),
        families={name: tuple(members) for name, members in families.items()},
        step=step_line(corners, x_range[0]),
        levels=levels,
        x_range=x_range,
        y_range=y_range,
        left_out=len(known) - len(shown),
    )


def _att_acc(configuration: Configuration, attack: str | None) -> float | None:
    if attack is None:
        return configuration.worst_att_acc
    return configuration.attacks[attack].att_acc if attack in configuration.attacks else None


def thin_out(known: Sequence[Configuration], kept: set[str]) -> list[Configuration]:
    """Return at most about 2,000 of ``known``: No-Def and all of ``kept``, of the others evenly along Acc."""
    if len(known) <= MOST_DRAWN:
        return list(known)
    first = [
        configuration for configuration in known if configuration.is_anchor or configuration.config_id in kept
    ]
    chosen = {configuration.config_id for configuration in first}
    others = sorted(
        (configuration for configuration in known if configuration.config_id not in chosen),
        key=lambda configuration: configuration.acc,
    )
    return [*first, *spread(others, max(MOST_DRAWN - len(first), 2))]


def spread(items: Sequence[T], most: int) -> list[T]:
    """Return at most ``most`` items, evenly spaced, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(index * (len(items) - 1) / (most - 1))] for index in range(most)]


def _point(configuration: Configuration, attack: str | None, on_front: bool, few: bool) -> PlottedPoint:
    att_acc = _att_acc(configuration, attack) or 0.0
    interval = configuration.attacks[attack].interval if attack else configuration.worst_interval
    bars = few or on_front or configuration.is_anchor
    return PlottedPoint(
        configuration=configuration,
        x=100 * configuration.acc,
        y=100 * att_acc,
        on_front=on_front,
        reach_x=_reach(configuration.acc, configuration.acc_range if bars else None),
        reach_y=_reach(att_acc, interval if bars else None),
    )


def _reach(value: float, interval: Interval | None) -> Interval:
    """Return how far, in percent, an error bar reaches below and above ``value``."""
    if interval is None:
        return 0.0, 0.0
    return max(100 * (value - interval[0]), 0.0), max(100 * (interval[1] - value), 0.0)


def _levels(summary: SweepSummary, attack: str | None) -> tuple[Level, ...]:
    chances = [row["chance"] for row in summary.attacks if row["chance"] is not None]
    levels = [Level(f"Chance {percent(chances[0])} %", 100 * chances[0], "dash", "--")] if chances else []
    for control in summary.controls:
        value = _att_acc(control, attack)
        if value is not None:
            which = f" ({control_name(control.control)})" if len(summary.controls) > 1 else ""
            levels.append(Level(f"Control {percent(value)} %{which}", 100 * value, "dot", ":"))
    return tuple(levels)


def _ranges(points: Sequence[PlottedPoint], levels: Sequence[Level]) -> tuple[Interval, Interval]:
    """Return the ranges of both axes: all points and bars, chance, and some air."""
    if not points:
        return (0.0, 100.0), (0.0, 100.0)
    low = min(point.x - point.reach_x[0] for point in points)
    high = max(point.x + point.reach_x[1] for point in points)
    top = max(*(point.y + point.reach_y[1] for point in points), *(level.value for level in levels), 0.0)
    margin = max(0.08 * (high - low), 1.0)
    return (low - margin, min(high + margin, 101.0)), (-2.0, min(top + max(0.08 * top, 2.0), 102.0))


def step_line(points: Sequence[Point], left: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the corners, in percent, of the step line through points of rising Acc, from the left edge.

    >>> step_line([(0.5, 0.1), (0.75, 0.25)], 40.0)
    ((40.0, 50.0, 50.0, 75.0), (10.0, 10.0, 25.0, 25.0))
    """
    if not points:
        return (), ()
    scaled = [(100 * acc, 100 * att_acc) for acc, att_acc in points]
    xs, ys = [left, scaled[0][0]], [scaled[0][1], scaled[0][1]]
    for (before, _), (x, y) in pairwise(scaled):
        xs += [before, x]
        ys += [y, y]
    return tuple(xs), tuple(ys)


def ticks(span: Interval) -> list[float]:
    """Return round values within ``span``, four to nine of them.

    >>> ticks((77.0, 98.6)), ticks((-2.0, 77.8))
    ([80.0, 85.0, 90.0, 95.0], [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0])
    """
    low, high = span
    steps = (factor * 10.0**power for power in range(-3, 3) for factor in (1, 2, 5))
    step = next(step for step in steps if (high - low) / step < 9)
    return [round(index * step, 6) for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
