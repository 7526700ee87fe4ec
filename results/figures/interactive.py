"""Interactive figures of a sweep (plotly). Each function returns a figure and writes nothing."""

import html
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from results.figures.front_plot import X_TITLE, FrontPlot, Level, PlottedPoint, plot_front, step_line
from results.figures.palette import ACCENT, INK, MUTED, Style, sweep_styles
from results.formatting import count_text, delta_text, interval_text, percent, seconds_text
from results.labels import searched_name
from results.statistics.attainment import attainment
from results.statistics.configurations import Configuration
from results.statistics.convergence import Progress, convergence
from results.statistics.intervals import Interval
from results.statistics.summary import SweepSummary
from results.statistics.training_time import training_times
from results.sweeps.importance import Importances, Objective

_FRONT_SIZE, _SIZE = 15, 10
_FRONT_OPACITY, _OPACITY = 1.0, 0.6
_CLEAR = "rgba(0,0,0,0)"


def front_figure(summary: SweepSummary, attack: str | None = None) -> go.Figure:
    """Return the plotly figure of a sweep's front; every marker is one configuration. Writes nothing.

    Natural accuracy against the accuracy of one ``attack``, or of the worst one of each configuration.
    """
    plot = plot_front(summary, attack)
    figure = go.Figure()
    figure.add_trace(_step_trace(plot))
    for family, members in plot.families.items():
        figure.add_trace(_family_trace(family, plot.styles[family], members))
    for level in plot.levels:
        figure.add_trace(_level_trace(level, plot.x_range))
    figure.update_layout(
        **base_layout(),
        xaxis=axis(X_TITLE, plot.x_range),
        yaxis=axis(plot.y_title, plot.y_range),
        height=560,
        annotations=[_better()],
    )
    return figure


def convergence_figure(summary: SweepSummary) -> go.Figure:
    """Return the plotly figure of the hypervolume after each trial of the search. Writes nothing."""
    steps = convergence(summary)
    figure = go.Figure()
    figure.add_trace(_progress_trace(steps))
    figure.add_trace(_improvement_trace([step for step in steps if step.improved]))
    top = max((step.hypervolume for step in steps), default=1.0)
    bottom = min((step.hypervolume for step in steps), default=0.0)
    margin = max(0.15 * (top - bottom), 0.01)
    figure.update_layout(
        **base_layout(),
        xaxis=axis("Trial of the search", (-0.5, max((step.trial for step in steps), default=0) + 0.5)),
        yaxis=axis("Hypervolume", (max(bottom - margin, 0.0), min(top + margin, 1.0))),
        height=320,
    )
    return figure


def attainment_figure(summary: SweepSummary, attack: str | None = None) -> go.Figure:
    """Return the front with what one training seed, half of them and every one attain. Writes nothing."""
    figure, attained = front_figure(summary, attack), attainment(summary, attack)
    if attained is None:
        return _noted(figure, "Attainment needs two configurations with the same two seeds")
    left = plot_front(summary, attack).x_range[0]
    for surface, dash in zip(attained.surfaces, ("dot", "dash", "longdash"), strict=False):
        xs, ys = step_line(surface.points, left)
        name = f"Reached by {surface.percent:.0f} % of {len(attained.seeds)} seeds"
        line = {"color": "#a87900", "width": 1.5, "dash": dash}
        figure.add_trace(go.Scatter(x=xs, y=ys, mode="lines", name=name, line=line, hoverinfo="skip"))
    return figure


def comparison_figure(summary: SweepSummary) -> go.Figure:
    """Return how far each defence lowers the worst AttAcc of No-Def, in points with 95 % intervals.

    Paired by class on the seeds that both have; below zero protects. Writes nothing.
    """
    known = [configuration for configuration in summary.defended if configuration.difference is not None]
    figure, styles = go.Figure(), sweep_styles(summary)
    for configuration in known:
        value, low, high = (100 * part for part in configuration.difference or (0.0, 0.0, 0.0))
        error = {"type": "data", "symmetric": False, "array": [high - value], "arrayminus": [value - low]}
        text = f"{value:.1f} points ({low:.1f} to {high:.1f})"
        figure.add_trace(_dot(configuration, styles[configuration.defense], value, text, error))
    return _listed(figure, "Worst AttAcc minus that of No-Def (points)", 0.0, len(known))


def training_time_figure(summary: SweepSummary) -> go.Figure:
    """Return the training time of each configuration as a ratio to No-Def. Writes nothing."""
    known = [time for time in training_times(summary) if time.ratio is not None]
    figure, styles = go.Figure(), sweep_styles(summary)
    for time in known:
        text = f"{time.ratio:.2f} x, {seconds_text(time.seconds)}"
        style = styles[time.configuration.defense]
        figure.add_trace(_dot(time.configuration, style, time.ratio or 0.0, text))
    return _listed(figure, "Training time, ratio to No-Def", 1.0, len(known))


def importance_figure(summary: SweepSummary, importances: Importances | None) -> go.Figure:
    """Return the share of the best quarter that each parameter explains, in percent. Writes nothing."""
    figure = go.Figure()
    rows: tuple[tuple[Objective, str, str], ...] = (
        ("acc", "Acc", MUTED[0]),
        ("att_acc", "Worst AttAcc", ACCENT[0]),
    )
    for objective, name, colour in rows:
        shares = importances.shares.get(objective, {}) if importances else {}
        ordered = sorted(shares.items(), key=lambda item: item[1])
        figure.add_trace(
            go.Bar(
                x=[100 * share for _, share in ordered],
                y=[html.escape(searched_name(parameter, summary.families)) for parameter, _ in ordered],
                name=name,
                orientation="h",
                marker={"color": colour},
            )
        )
    figure.update_layout(**base_layout(), xaxis=axis("Importance (%)"), yaxis=axis(""), height=420)
    if importances is None or not importances.shares:
        return _noted(figure, "The store holds no importances: the search had too few trials")
    return figure


def _dot(
    configuration: Configuration,
    style: Style,
    value: float,
    text: str,
    error: dict[str, object] | None = None,
) -> go.Scatter:
    return go.Scatter(
        x=[value],
        y=[html.escape(configuration.label)],
        error_x={**error, "color": style.light} if error else None,
        mode="markers",
        name=html.escape(configuration.label),
        showlegend=False,
        marker={"color": style.light, "symbol": style.symbol, "size": 11},
        hovertemplate=f"{html.escape(configuration.label)}<br>{text}<extra></extra>",
        customdata=[configuration.config_id],
    )


def _listed(figure: go.Figure, title: str, reference: float, rows: int) -> go.Figure:
    """Return a figure with one line per configuration, the first on top, and a line to read it against."""
    lines = {**axis(""), "autorange": "reversed"}
    figure.update_layout(**base_layout(), xaxis=axis(title), yaxis=lines, height=120 + 26 * max(rows, 4))
    figure.add_vline(x=reference, line={"color": MUTED[0], "width": 1.5, "dash": "dash"})
    return figure if rows else _noted(figure, "No configuration can be compared with No-Def yet")


def _noted(figure: go.Figure, text: str) -> go.Figure:
    """Return a figure that says why it is not what it might be."""
    place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 1.0, "yanchor": "bottom"}
    figure.add_annotation(text=text, showarrow=False, **place)
    return figure


def base_layout() -> dict[str, Any]:
    """Return the layout that all figures share."""
    return {
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
        "font": {"family": "system-ui, sans-serif", "size": 14, "color": INK[0]},
        "margin": {"l": 56, "r": 16, "t": 16, "b": 56},
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "itemsizing": "trace"},
        "hoverlabel": {"align": "left"},
    }


def axis(title: str, span: Interval | None = None) -> dict[str, Any]:
    """Return the layout of an axis; without ``span`` it fits its values."""
    return {
        "title": {"text": title},
        **({"range": list(span)} if span else {}),
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
        meta={"light": INK[0], "dark": INK[1], "role": "front"},
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
        meta={"light": MUTED[0], "dark": MUTED[1], "role": "level"},
    )


def _family_trace(family: str, style: Style, members: Sequence[PlottedPoint]) -> go.Scatter:
    return go.Scatter(
        x=[point.x for point in members],
        y=[point.y for point in members],
        mode="markers",
        name=members[0].configuration.described.name,
        marker={
            "color": style.light,
            "symbol": style.symbol,
            "line": {"width": 0},
            "size": [_FRONT_SIZE if point.large else _SIZE for point in members],
            "opacity": [_FRONT_OPACITY if point.large else _OPACITY for point in members],
        },
        error_x=_bars(style, [point.reach_x for point in members]),
        error_y=_bars(style, [point.reach_y for point in members]),
        text=[hover_text(point.configuration) for point in members],
        customdata=[point.configuration.config_id for point in members],
        hovertemplate="%{text}<extra></extra>",
        meta={
            "light": style.light,
            "dark": style.dark,
            "role": "family",
            "family": family,
            "front": [point.on_front for point in members],
        },
    )


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


def hover_text(configuration: Configuration) -> str:
    """Return the text of a point: plotly reads it as HTML, so every value is escaped."""
    lines = [f"<b>{html.escape(configuration.label)}</b>", f"Acc {percent(configuration.acc)} %"]
    for summary in configuration.attacks.values():
        interval = f" ({interval_text(summary.interval)})" if summary.interval else ""
        worst = (
            ", worst"
            if summary.attack == configuration.worst_attack and len(configuration.attacks) > 1
            else ""
        )
        lines.append(f"{html.escape(summary.name)} AttAcc {percent(summary.att_acc)} %{interval}{worst}")
    lines.append(
        f"Δ {delta_text(configuration.delta)}, θ<sub>C</sub> {count_text(configuration.theta_c)} of "
        f"{count_text(configuration.theta_t)}"
    )
    lines.append(f"seeds {len(configuration.seeds)}, {seconds_text(configuration.seconds)} each")
    return "<br>".join(lines)


def _progress_trace(steps: Sequence[Progress]) -> go.Scatter:
    return go.Scatter(
        x=[step.trial for step in steps],
        y=[step.hypervolume for step in steps],
        mode="lines",
        name="Front so far",
        line={"color": INK[0], "width": 2, "shape": "hv"},
        opacity=0.5,
        hoverinfo="skip",
        meta={"light": INK[0], "dark": INK[1], "role": "progress"},
    )


def _improvement_trace(improved: Sequence[Progress]) -> go.Scatter:
    light, dark = ACCENT
    return go.Scatter(
        x=[step.trial for step in improved],
        y=[step.hypervolume for step in improved],
        mode="markers",
        name="Trial that moved it",
        marker={"color": light, "symbol": "circle", "size": 9},
        hovertemplate="trial %{x}: %{y:.3f}<extra></extra>",
        meta={"light": light, "dark": dark, "role": "improvement"},
    )
