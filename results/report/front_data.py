"""What the page needs to draw the front and to switch it: plain values for JSON, accuracies in percent."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from results.figures.front_plot import plot_front, step_line
from results.figures.interactive import front_figure, hover_text
from results.figures.palette import Style, sweep_styles
from results.figures.printed_points import printed_groups
from results.formatting import format_count, percent
from results.statistics.attainment import attainment, run_point
from results.statistics.front_interval import attacked_front, hypervolume_interval
from results.statistics.intervals import Interval
from results.statistics.pareto import hypervolume
from results.statistics.summary import SweepSummary

Plain = dict[str, Any]

WORST = "worst"
"""The view of the worst attack of each configuration; the others bear the name of an attack."""


@dataclass(frozen=True)
class View:
    """One way to look at the front."""

    key: str
    label: str
    hypervolume: str
    """Value and interval in words."""
    on_front: int


@dataclass(frozen=True)
class Family:
    """A defence family in the legend."""

    key: str
    name: str
    style: Style
    count: int


def views(summary: SweepSummary) -> list[View]:
    """Return the views of a sweep: the worst case first, then each attack if there are several."""
    keys: list[str | None] = [None, *(summary.attack_kinds if len(summary.attack_kinds) > 1 else ())]
    return [_view(summary, key) for key in keys]


def _view(summary: SweepSummary, attack: str | None) -> View:
    front = attacked_front(summary, attack)
    area = (
        summary.hypervolume
        if attack is None
        else hypervolume(
            [(configuration.acc, configuration.attacks[attack].att_acc) for configuration in front]
        )
    )
    return View(
        key=attack or WORST,
        label=summary.attack_names[attack] if attack else "Worst case",
        hypervolume=hypervolume_text(area, hypervolume_interval(summary, attack)),
        on_front=len(front),
    )


def hypervolume_text(area: float, interval: Interval | None) -> str:
    """Return a hypervolume with its interval.

    >>> hypervolume_text(0.80812, (0.72, 0.861))
    '0.808 (0.720 to 0.861)'
    """
    return f"{area:.3f} ({interval[0]:.3f} to {interval[1]:.3f})" if interval else f"{area:.3f}"


def families(summary: SweepSummary) -> list[Family]:
    """Return the families that are drawn, in the order of the table."""
    counts: dict[str, int] = defaultdict(int)
    for configuration in summary.configurations:
        if configuration.worst_att_acc is not None and not configuration.unfit:
            counts[configuration.defense] += 1
    styles = sweep_styles(summary)
    return [Family(key, summary.families[key].name, styles[key], count) for key, count in counts.items()]


def front_data(summary: SweepSummary) -> Plain:
    """Return the figures of all views, hover texts, single trials, attainment and printed points."""
    shown, styles = views(summary), sweep_styles(summary)
    return {
        "figures": {view.key: _figure(summary, view) for view in shown},
        "hover": _hovers(summary),
        "trials": {view.key: _trials(summary, view) for view in shown},
        "attainment": {view.key: _attainment(summary, view) for view in shown},
        "printed": [asdict(group) for group in printed_groups()],
        "styles": {family: styles[family]._asdict() for family in _printed_families()},
    }


def _printed_families() -> set[str]:
    return {point.family for group in printed_groups() for point in group.points}


def _attack(view: View) -> str | None:
    return None if view.key == WORST else view.key


def _figure(summary: SweepSummary, view: View) -> Plain:
    """Return the figure of a view with two decimals, without the texts that all views share."""
    figure: Plain = json.loads(front_figure(summary, _attack(view)).to_json())
    for trace in figure["data"]:
        trace.pop("text", None)
        for values in (trace, trace.get("error_x", {}), trace.get("error_y", {})):
            for name in ("x", "y", "array", "arrayminus"):
                if isinstance(values.get(name), list):
                    values[name] = [round(value, 2) for value in values[name]]
    return figure


def _hovers(summary: SweepSummary) -> dict[str, str]:
    drawn = plot_front(summary).points
    return {point.configuration.config_id: hover_text(point.configuration) for point in drawn}


def _trials(summary: SweepSummary, view: View) -> dict[str, list[Plain]]:
    """Return the trials of each family as points; nothing when every configuration has one trial."""
    if all(len(configuration.seeds) < 2 for configuration in summary.configurations):
        return {}
    attack = _attack(view)
    points: dict[str, list[Plain]] = defaultdict(list)
    for run in summary.runs:
        target = run.target
        point = run_point(run, [attack] if attack else summary.attack_kinds)
        if point is not None and (target["control"] or "none") == "none":
            points[target["defense"]].append(
                {
                    "x": round(100 * point[0], 2),
                    "y": round(100 * point[1], 2),
                    "id": target["config_id"] or target["target_id"],
                    "text": f"Trial {run.number}, seed {run.seed}: "
                    f"Acc {percent(point[0])} %, AttAcc {percent(point[1])} %",
                }
            )
    return dict(points)


def _attainment(summary: SweepSummary, view: View) -> list[Plain]:
    attained = attainment(summary, _attack(view))
    if attained is None:
        return []
    left = plot_front(summary, _attack(view)).x_range[0]
    lines = []
    for surface in attained.surfaces:
        xs, ys = step_line(surface.points, left)
        lines.append(
            {"name": _share(surface.percent, len(attained.seeds)), "x": _rounded(xs), "y": _rounded(ys)}
        )
    return lines


def _share(percent_of_seeds: float, seeds: int) -> str:
    if percent_of_seeds >= 100:
        return f"Reached by all {seeds} seeds"
    return f"Reached by {format_count(round(percent_of_seeds * seeds / 100), 'seed')} of {seeds}"


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 2) for value in values]


def attainment_text(summary: SweepSummary) -> str | None:
    """Return what the attainment lines rest on; nothing without seeds to compare."""
    attained = attainment(summary)
    if attained is None:
        return None
    return (
        f"Attainment over {format_count(len(attained.seeds), 'training seed')}, of the "
        f"{len(attained.config_ids)} configurations that have all of them."
    )


def printed_labels() -> Mapping[str, str]:
    """Return key and label of the groups of printed points."""
    return {group.key: group.label for group in printed_groups()}
