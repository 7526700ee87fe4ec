"""Slices of the search: Acc and worst AttAcc against each parameter of each defence."""

from collections import defaultdict
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from results.figures.interactive import axis, base_layout
from results.figures.palette import MUTED, style_of
from results.labels import PARAMETERS, defense_name
from results.statistics.summary import SweepSummary

LEAST_VALUES = 3
"""A slice with fewer different values shows no course."""

_PARAMETERS = {
    **{name: PARAMETERS[name] for name in ("freeze_depth", "lambda_x", "lambda_y", "lambda_mid")},
    "theta_c": "θ_C, millions of parameters",
}
_LOGARITHMIC = frozenset({"lambda_x", "lambda_y", "lambda_mid"})


@dataclass(frozen=True)
class Slice:
    """The configurations of one family along one of its parameters; accuracies in percent."""

    family: str
    parameter: str
    values: tuple[float, ...]
    accs: tuple[float, ...]
    att_accs: tuple[float, ...]

    @property
    def title(self) -> str:
        """Family and parameter in words."""
        return f"{defense_name(self.family)}: {_PARAMETERS[self.parameter]}"


def slices(summary: SweepSummary) -> tuple[Slice, ...]:
    """Return the slices that a sweep has enough different values for."""
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    for one in summary.defended:
        if one.worst_att_acc is None:
            continue
        for name in _PARAMETERS:
            value = getattr(one, name)
            if value is not None:
                scaled = value / 1e6 if name == "theta_c" else float(value)
                found[one.defense, name].append((scaled, 100 * one.acc, 100 * one.worst_att_acc))
    return tuple(
        Slice(family, name, *zip(*sorted(rows), strict=True))
        for (family, name), rows in found.items()
        if len({value for value, _, _ in rows}) >= LEAST_VALUES
    )


def slices_figure(summary: SweepSummary) -> go.Figure:
    """Return all slices of a sweep in one figure, two in a row. Writes nothing."""
    found = slices(summary)
    rows = max((len(found) + 1) // 2, 1)
    figure = make_subplots(rows=rows, cols=2, subplot_titles=[one.title for one in found])
    for index, one in enumerate(found):
        row, column = index // 2 + 1, index % 2 + 1
        for trace in slice_figure(one).data:
            figure.add_trace(trace.update(showlegend=not index), row=row, col=column)
        if one.parameter in _LOGARITHMIC:
            figure.update_xaxes(type="log", row=row, col=column)
    figure.update_layout(**base_layout(), height=120 + 240 * rows)
    figure.update_yaxes(range=(-2, 102))
    return figure


def slice_figure(one: Slice) -> go.Figure:
    """Return the plotly figure of a slice. Writes nothing."""
    style = style_of(one.family)
    figure = go.Figure()
    for name, values, light, dark, symbol in (
        ("Acc", one.accs, MUTED[0], MUTED[1], f"{style.symbol}-open"),
        ("Worst AttAcc", one.att_accs, style.light, style.dark, style.symbol),
    ):
        figure.add_trace(
            go.Scatter(
                x=one.values,
                y=values,
                mode="markers",
                name=name,
                marker={"color": light, "symbol": symbol, "size": 9},
                hovertemplate=f"{name} %{{y:.1f}} % at %{{x}}<extra></extra>",
                meta={"light": light, "dark": dark, "role": "slice"},
            )
        )
    figure.update_layout(
        **base_layout(), xaxis=axis(_PARAMETERS[one.parameter]), yaxis=axis("Percent", (-2, 102)), height=340
    )
    if one.parameter in _LOGARITHMIC:
        figure.update_xaxes(type="log")
    return figure
