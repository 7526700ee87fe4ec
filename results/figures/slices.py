"""Slices of the search: Acc and worst AttAcc against each parameter of each defence."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from results.figures.interactive import axis, base_layout
from results.figures.palette import MUTED, Style, sweep_styles
from results.statistics.configurations import Configuration
from results.statistics.summary import SweepSummary

LEAST_VALUES = 3
"""A slice with fewer different values shows no course."""

_THETA_C = ("theta_c", "θ_C, millions of parameters", False)


@dataclass(frozen=True)
class Slice:
    """The configurations of one family along one of its parameters; accuracies in percent."""

    family: str
    """Published name of the defence."""
    label: str
    """What the axis of the parameter is called."""
    logarithmic: bool
    style: Style
    values: tuple[float, ...]
    accs: tuple[float, ...]
    att_accs: tuple[float, ...]

    @property
    def title(self) -> str:
        """Family and parameter in words."""
        return f"{self.family}: {self.label}"


def slices(summary: SweepSummary) -> tuple[Slice, ...]:
    """Return the slices that a sweep has enough different values for."""
    styles = sweep_styles(summary)
    points: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    named: dict[tuple[str, str], tuple[str, str, bool]] = {}
    for configuration in summary.defended:
        for (column, label, logarithmic), value in _numbers(configuration):
            key = configuration.defense, column
            named[key] = configuration.described.name, label, logarithmic
            points[key].append((value, 100 * configuration.acc, 100 * (configuration.worst_att_acc or 0.0)))
    return tuple(
        Slice(*named[key], styles[key[0]], *zip(*sorted(rows), strict=True))
        for key, rows in points.items()
        if len({value for value, _, _ in rows}) >= LEAST_VALUES
    )


def _numbers(configuration: Configuration) -> Iterator[tuple[tuple[str, str, bool], float]]:
    """Yield column, label, scale and value of the parameters that are numbers, and theta_C."""
    if configuration.worst_att_acc is None:
        return
    for parameter in configuration.described.parameters:
        if isinstance(parameter.value, int | float) and not isinstance(parameter.value, bool):
            yield (parameter.column, parameter.label, parameter.logarithmic), float(parameter.value)
    if configuration.theta_c is not None:
        yield _THETA_C, configuration.theta_c / 1e6


def slices_figure(summary: SweepSummary) -> go.Figure:
    """Return all slices of a sweep in one figure, two in a row. Writes nothing."""
    shown = slices(summary)
    rows = max((len(shown) + 1) // 2, 1)
    figure = make_subplots(rows=rows, cols=2, subplot_titles=[drawn.title for drawn in shown])
    for index, drawn in enumerate(shown):
        row, column = index // 2 + 1, index % 2 + 1
        for trace in slice_figure(drawn).data:
            figure.add_trace(trace.update(showlegend=not index), row=row, col=column)
        if drawn.logarithmic:
            figure.update_xaxes(type="log", row=row, col=column)
    figure.update_layout(**base_layout(), height=120 + 240 * rows)
    figure.update_yaxes(range=(-2, 102))
    return figure


def slice_figure(drawn: Slice) -> go.Figure:
    """Return the plotly figure of a slice. Writes nothing."""
    style = drawn.style
    figure = go.Figure()
    for name, values, light, dark, symbol in (
        ("Acc", drawn.accs, MUTED[0], MUTED[1], f"{style.symbol}-open"),
        ("Worst AttAcc", drawn.att_accs, style.light, style.dark, style.symbol),
    ):
        figure.add_trace(
            go.Scatter(
                x=drawn.values,
                y=values,
                mode="markers",
                name=name,
                marker={"color": light, "symbol": symbol, "size": 9},
                hovertemplate=f"{name} %{{y:.1f}} % at %{{x}}<extra></extra>",
                meta={"light": light, "dark": dark, "role": "slice"},
            )
        )
    figure.update_layout(
        **base_layout(), xaxis=axis(drawn.label), yaxis=axis("Percent", (-2, 102)), height=340
    )
    if drawn.logarithmic:
        figure.update_xaxes(type="log")
    return figure
