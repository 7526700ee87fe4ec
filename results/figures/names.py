"""The figures of a sweep by name, as a notebook asks for them."""

import difflib
from collections.abc import Callable

import plotly.graph_objects as go

from results.errors import UnknownFigure
from results.figures.interactive import convergence_figure, front_figure
from results.statistics.summary import SweepSummary

FIGURES: dict[str, Callable[[SweepSummary], go.Figure]] = {
    "front": front_figure,
    "convergence": convergence_figure,
}
"""Name -> function that returns the figure and writes nothing."""


def figure(summary: SweepSummary, name: str) -> go.Figure:
    """Return the figure of this name; raises `UnknownFigure` with the names that there are."""
    if name in FIGURES:
        return FIGURES[name](summary)
    near = difflib.get_close_matches(name, FIGURES, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UnknownFigure(f"No figure {name!r}; there are {', '.join(FIGURES)}.{hint}")
