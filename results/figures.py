"""The front in one figure: Acc against worst AttAcc in percent, interactive (plotly) or a picture (PNG)."""

import html
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from results.configurations import Configuration
from results.formatting import count_text, delta_text, interval_text, percent, seconds_text
from results.labels import attack_name, control_name, defense_name
from results.palette import INK, MUTED, Style, style_of
from results.stats import Interval
from results.summary import SweepSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

X_TITLE = "Natural accuracy (%)"
Y_TITLE = "Worst attack accuracy (%)"
_ALL_BARS = 30
"""With more configurations than this, error bars are drawn on the front and No-Def alone."""
_FRONT_SIZE, _SIZE = 15, 10
_FRONT_OPACITY, _OPACITY = 1.0, 0.6


@dataclass(frozen=True)
class Level:
    """A horizontal line that attack accuracy is read against, in percent."""

    name: str
    value: float
    dash: str
    line: str


@dataclass(frozen=True)
class FrontPlot:
    """What both figures draw, in percent."""

    families: dict[str, tuple[Configuration, ...]]
    """Configurations of each defence family, those of the front first."""
    step: tuple[tuple[float, ...], tuple[float, ...]]
    """The corners of the front's step line: the least AttAcc to be had at an Acc of at least x."""
    levels: tuple[Level, ...]
    x_range: Interval
    y_range: Interval
    bars: frozenset[str]
    """config_ids that carry error bars."""


def plotted(summary: SweepSummary) -> FrontPlot:
    """Return what the figures of a sweep draw: every configuration whose Acc and worst AttAcc are known."""
    known = [one for one in summary.configurations if one.worst_att_acc is not None]
    families: dict[str, list[Configuration]] = defaultdict(list)
    for one in sorted(known, key=lambda one: not one.on_front):
        families[one.defense].append(one)
    levels = _levels(summary)
    x_range, y_range = _ranges(known, levels)
    few = len(known) <= _ALL_BARS
    return FrontPlot(
        families={name: tuple(members) for name, members in families.items()},
        step=_step(summary.front, x_range[0]),
        levels=levels,
        x_range=x_range,
        y_range=y_range,
        bars=frozenset(one.config_id for one in known if few or one.on_front or one.is_anchor),
    )


def _levels(summary: SweepSummary) -> tuple[Level, ...]:
    chances = [row["chance"] for row in summary.attacks if row["chance"] is not None]
    found = [Level(f"Chance {percent(chances[0])} %", 100 * chances[0], "dash", "--")] if chances else []
    for control in summary.controls:
        if control.worst_att_acc is not None:
            which = f" ({control_name(control.control)})" if len(summary.controls) > 1 else ""
            name = f"Control {percent(control.worst_att_acc)} %{which}"
            found.append(Level(name, 100 * control.worst_att_acc, "dot", ":"))
    return tuple(found)


def _ranges(known: Sequence[Configuration], levels: Sequence[Level]) -> tuple[Interval, Interval]:
    """Return the ranges of both axes: all points and bars, chance, and some air."""
    xs = [100 * value for one in known for value in (one.acc, *(one.acc_range or ()))]
    ys = [100 * value for one in known for value in (one.point[1], *(one.worst_interval or ()))]
    ys += [level.value for level in levels]
    if not xs:
        return (0.0, 100.0), (0.0, 100.0)
    margin = max(0.08 * (max(xs) - min(xs)), 1.0)
    top = max(ys)
    return (min(xs) - margin, min(max(xs) + margin, 101.0)), (-2.0, min(top + max(0.08 * top, 2.0), 102.0))


def _step(front: Sequence[Configuration], left: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the corners of the step line, from the left edge to the front's last point."""
    if not front:
        return (), ()
    points = [(100 * one.acc, 100 * one.point[1]) for one in front]
    xs, ys = [left, points[0][0]], [points[0][1], points[0][1]]
    for (before, _), (x, y) in pairwise(points):
        xs += [before, x]
        ys += [y, y]
    return tuple(xs), tuple(ys)


def front_figure(summary: SweepSummary) -> go.Figure:
    """Return the plotly figure of a sweep's front; every marker is one configuration. Writes nothing."""
    plot = plotted(summary)
    figure = go.Figure()
    figure.add_trace(_step_trace(plot))
    for family, members in plot.families.items():
        figure.add_trace(_family_trace(family, members, plot.bars))
    for level in plot.levels:
        figure.add_trace(_level_trace(level, plot.x_range))
    figure.update_layout(
        xaxis=_axis(X_TITLE, plot.x_range),
        yaxis=_axis(Y_TITLE, plot.y_range),
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 14, "color": INK[0]},
        margin={"l": 56, "r": 16, "t": 16, "b": 56},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "itemsizing": "trace"},
        hoverlabel={"align": "left"},
        height=560,
        annotations=[_better()],
    )
    return figure


def _axis(title: str, span: Interval) -> dict[str, object]:
    return {
        "title": {"text": title},
        "range": list(span),
        "gridcolor": "rgba(128,136,148,0.22)",
        "zeroline": False,
        "linecolor": MUTED[0],
        "ticks": "outside",
        "tickcolor": MUTED[0],
        "automargin": True,
    }


def _better() -> dict[str, object]:
    return {
        "text": "better ↘",
        "xref": "paper",
        "yref": "paper",
        "x": 0.995,
        "y": 0.01,
        "xanchor": "right",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"color": MUTED[0], "size": 13},
    }


def _step_trace(plot: FrontPlot) -> go.Scatter:
    xs, ys = plot.step
    return go.Scatter(
        x=xs,
        y=ys,
        mode="lines",
        name="Front",
        line={"color": INK[0], "width": 2},
        opacity=0.4,
        hoverinfo="skip",
        meta={"light": INK[0], "dark": INK[1]},
    )


def _level_trace(level: Level, span: Interval) -> go.Scatter:
    line = {"color": MUTED[0], "width": 1.5, "dash": level.dash}
    return go.Scatter(
        x=list(span),
        y=[level.value, level.value],
        mode="lines",
        name=level.name,
        line=line,
        hoverinfo="skip",
        meta={"light": MUTED[0], "dark": MUTED[1]},
    )


def _family_trace(family: str, members: Sequence[Configuration], bars: frozenset[str]) -> go.Scatter:
    style = style_of(family)
    return go.Scatter(
        x=[100 * one.acc for one in members],
        y=[100 * one.point[1] for one in members],
        mode="markers",
        name=defense_name(family),
        marker={
            "color": style.light,
            "symbol": style.symbol,
            "line": {"width": 0},
            "size": [_FRONT_SIZE if one.on_front else _SIZE for one in members],
            "opacity": [_FRONT_OPACITY if one.on_front else _OPACITY for one in members],
        },
        error_x=_bars(style, [_reach(one.acc, one.acc_range, one.config_id in bars) for one in members]),
        error_y=_bars(
            style, [_reach(one.point[1], one.worst_interval, one.config_id in bars) for one in members]
        ),
        text=[_hover(one) for one in members],
        customdata=[one.config_id for one in members],
        hovertemplate="%{text}<extra></extra>",
        meta={"light": style.light, "dark": style.dark},
    )


def _reach(value: float, interval: Interval | None, wanted: bool) -> Interval:
    """Return how far, in percent, an error bar reaches below and above ``value``."""
    if interval is None or not wanted:
        return 0.0, 0.0
    return max(100 * (value - interval[0]), 0.0), max(100 * (interval[1] - value), 0.0)


def _bars(style: Style, reaches: Sequence[Interval]) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "arrayminus": [low for low, _ in reaches],
        "array": [high for _, high in reaches],
        "color": style.light,
        "thickness": 1,
        "width": 0,
    }


def _hover(one: Configuration) -> str:
    """Return the text of a point: plotly reads it as HTML, so every value is escaped."""
    lines = [f"<b>{html.escape(one.label)}</b>", f"Acc {percent(one.acc)} %"]
    for summary in one.attacks.values():
        interval = f" ({interval_text(summary.interval)})" if summary.interval else ""
        worst = ", worst" if summary.attack == one.worst_attack and len(one.attacks) > 1 else ""
        lines.append(
            f"{html.escape(attack_name(summary.attack))} AttAcc {percent(summary.att_acc)} %{interval}{worst}"
        )
    lines.append(
        f"Δ {delta_text(one.delta)}, θ<sub>C</sub> {count_text(one.theta_c)} of {count_text(one.theta_t)}"
    )
    lines.append(f"seeds {len(one.seeds)}, {seconds_text(one.seconds)} each")
    return "<br>".join(lines)


def front_png(summary: SweepSummary, dpi: int = 160) -> bytes:
    """Return the figure of a sweep's front as a PNG of 8 x 5 inches. Writes nothing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    plot = plotted(summary)
    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(*plot.step, color=INK[0], linewidth=1.6, alpha=0.4, label="Front", zorder=2)
    for level in plot.levels:
        axes.axhline(
            level.value, color=MUTED[0], linewidth=1.2, linestyle=level.line, label=level.name, zorder=1
        )
    for family, members in plot.families.items():
        _draw_family(axes, family, members, plot.bars)
    axes.set(xlabel=X_TITLE, ylabel=Y_TITLE, xlim=plot.x_range, ylim=plot.y_range)
    axes.grid(color=MUTED[0], alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.annotate(
        "better ↘", (0.995, 0.01), xycoords="axes fraction", ha="right", va="bottom", color=MUTED[0]
    )
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def _draw_family(axes: "Axes", family: str, members: Sequence[Configuration], bars: frozenset[str]) -> None:
    style = style_of(family)
    xs, ys = [100 * one.acc for one in members], [100 * one.point[1] for one in members]
    for x, y, one in zip(xs, ys, members, strict=True):
        if one.config_id in bars:
            across, along = (
                _reach(one.acc, one.acc_range, True),
                _reach(one.point[1], one.worst_interval, True),
            )
            axes.hlines(
                y, x - across[0], x + across[1], colors=style.light, linewidth=0.8, alpha=0.7, zorder=3
            )
            axes.vlines(x, y - along[0], y + along[1], colors=style.light, linewidth=0.8, alpha=0.7, zorder=3)
    name: str | None = defense_name(family)
    for front in sorted({one.on_front for one in members}, reverse=True):
        chosen = [index for index, one in enumerate(members) if one.on_front is front]
        axes.scatter(
            [xs[index] for index in chosen],
            [ys[index] for index in chosen],
            s=110 if front else 45,
            alpha=_FRONT_OPACITY if front else _OPACITY,
            c=style.light,
            marker=style.marker,
            linewidths=0,
            label=name,
            zorder=4,
        )
        name = None
