"""The figures of a sweep by name, as a notebook asks for them."""

import difflib
from collections.abc import Callable

import plotly.graph_objects as go

from results.errors import UnknownFigure
from results.figures.interactive import (
    attainment_figure,
    comparison_figure,
    convergence_figure,
    front_figure,
    importance_figure,
    training_time_figure,
)
from results.figures.slices import slices_figure
from results.statistics.summary import SweepSummary
from results.sweeps.importance import Importances

FIGURES: dict[str, Callable[[SweepSummary], go.Figure]] = {
    "front": front_figure,
    "attainment": attainment_figure,
    "comparison": comparison_figure,
    "convergence": convergence_figure,
    "slices": slices_figure,
    "training_time": training_time_figure,
}
"""Name -> function that returns the figure of a summary and writes nothing; beside them `importance`."""


def figure(summary: SweepSummary, name: str, importances: Importances | None = None) -> go.Figure:
    """Return the figure of this name; raises `UnknownFigure` with the names that there are."""
    if name == "importance":
        return importance_figure(summary, importances)
    if name in FIGURES:
        return FIGURES[name](summary)
    names = [*FIGURES, "importance"]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UnknownFigure(f"No figure {name!r}; there are {', '.join(names)}.{hint}")
