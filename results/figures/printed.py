"""Figures for papers (matplotlib): a marker and a grey level for each family, so that print keeps them apart.

`front_drawing` returns a figure and writes nothing; `drawing_bytes` turns one into a file's bytes.
"""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from results.figures.front_plot import X_TITLE, PlottedPoint, plot_front
from results.figures.palette import INK, MUTED, Style
from results.statistics.summary import SweepSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Format = Literal["png", "svg", "pdf"]
_SIZE = (8.0, 5.0)
_STYLE: Any = {
    "pdf.fonttype": 42,  # editable text, which publishers ask for
    "svg.fonttype": "path",
    "svg.hashsalt": "tldmi-sweep",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_UNDATED: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}


def front_drawing(summary: SweepSummary, attack: str | None = None) -> "Figure":
    """Return the front as a matplotlib figure of 8 x 5 inches, of one ``attack`` or of the worst."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    plot = plot_front(summary, attack)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=_SIZE, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.plot(*plot.step, color=INK[0], linewidth=1.6, alpha=0.4, label="Front", zorder=2)
        for level in plot.levels:
            axes.axhline(
                level.value, color=MUTED[0], linewidth=1.2, linestyle=level.line, label=level.name, zorder=1
            )
        for family, members in plot.families.items():
            _draw_family(axes, plot.styles[family], members)
        axes.set(xlabel=X_TITLE, ylabel=plot.y_title, xlim=plot.x_range, ylim=plot.y_range)
        axes.grid(color=MUTED[0], alpha=0.2)
        axes.annotate(
            "better ↘", (0.995, 0.01), xycoords="axes fraction", ha="right", va="bottom", color=MUTED[0]
        )
        figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9)
    return figure


def drawing_bytes(figure: "Figure", form: Format, dpi: int = 160) -> bytes:
    """Return the file of a figure; the same figure gives the same bytes, without a date."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(buffer, format=form, dpi=dpi, metadata=_UNDATED[form])
    return buffer.getvalue()


def front_png(summary: SweepSummary, dpi: int = 160) -> bytes:
    """Return the figure of a sweep's front as a PNG of 8 x 5 inches."""
    return drawing_bytes(front_drawing(summary), "png", dpi)


def _draw_family(axes: "Axes", style: Style, members: Sequence[PlottedPoint]) -> None:
    for point in members:
        line: dict[str, Any] = {"colors": style.light, "linewidth": 0.8, "alpha": 0.7, "zorder": 3}
        if any(point.reach_x):
            axes.hlines(point.y, point.x - point.reach_x[0], point.x + point.reach_x[1], **line)
        if any(point.reach_y):
            axes.vlines(point.x, point.y - point.reach_y[0], point.y + point.reach_y[1], **line)
    name: str | None = members[0].configuration.described.name
    for large in sorted({point.large for point in members}, reverse=True):
        chosen = [point for point in members if point.large is large]
        axes.scatter(
            [point.x for point in chosen],
            [point.y for point in chosen],
            s=110 if large else 45,
            alpha=1.0 if large else 0.6,
            c=style.light,
            marker=style.marker,
            linewidths=0,
            label=name,
            zorder=4,
        )
        name = None
