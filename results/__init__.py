"""What came out: the store of rows and artifacts, its reader, the front, statistics, figures and reports.

Names are imported on first use, so that ``import results`` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from results.errors import (
        ExportRefused,
        InvalidPath,
        InvalidRows,
        PathMissing,
        ResultsError,
        StoreError,
        StoreMissing,
        StoreNotWritable,
        StoreSchemaMismatch,
        StoreUnreachable,
        UnknownFigure,
        UnknownSweep,
    )
    from results.exports.exporting import export
    from results.figures.interactive import front_figure
    from results.figures.printed import front_png
    from results.reader import SweepResults, load
    from results.report.report import render_report
    from results.statistics.comparison import Comparison, NotComparable
    from results.statistics.configurations import AttackSummary, Configuration
    from results.statistics.conventions import attack_accuracy
    from results.statistics.intervals import Difference, bootstrap_over_classes, delta, paired_difference
    from results.statistics.pareto import hypervolume, nondominated
    from results.statistics.training_time import TrainingTime, training_times
    from results.stores.opening import open_store
    from results.stores.scanning import Scan, UnreadablePart
    from results.stores.store import Store
    from results.sweep_status import Status, status
    from results.sweeps.record import SweepRecord, read_sweep, write_sweep

_HOMES = {
    "statistics.comparison": ("Comparison", "NotComparable"),
    "statistics.configurations": ("AttackSummary", "Configuration"),
    "statistics.conventions": ("attack_accuracy",),
    "errors": (
        "ExportRefused",
        "InvalidPath",
        "InvalidRows",
        "PathMissing",
        "ResultsError",
        "StoreError",
        "StoreMissing",
        "StoreNotWritable",
        "StoreSchemaMismatch",
        "StoreUnreachable",
        "UnknownFigure",
        "UnknownSweep",
    ),
    "exports.exporting": ("export",),
    "figures.interactive": ("front_figure",),
    "figures.printed": ("front_png",),
    "statistics.pareto": ("hypervolume", "nondominated"),
    "reader": ("SweepResults", "load"),
    "report.report": ("render_report",),
    "statistics.intervals": ("Difference", "bootstrap_over_classes", "delta", "paired_difference"),
    "sweep_status": ("Status", "status"),
    "stores.opening": ("open_store",),
    "stores.scanning": ("Scan", "UnreadablePart"),
    "stores.store": ("Store",),
    "sweeps.record": ("SweepRecord", "read_sweep", "write_sweep"),
    "statistics.training_time": ("TrainingTime", "training_times"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AttackSummary",
    "Comparison",
    "Configuration",
    "Difference",
    "ExportRefused",
    "InvalidPath",
    "InvalidRows",
    "NotComparable",
    "PathMissing",
    "ResultsError",
    "Scan",
    "Status",
    "Store",
    "StoreError",
    "StoreMissing",
    "StoreNotWritable",
    "StoreSchemaMismatch",
    "StoreUnreachable",
    "SweepRecord",
    "SweepResults",
    "TrainingTime",
    "UnknownFigure",
    "UnknownSweep",
    "UnreadablePart",
    "attack_accuracy",
    "bootstrap_over_classes",
    "delta",
    "export",
    "front_figure",
    "front_png",
    "hypervolume",
    "load",
    "nondominated",
    "open_store",
    "paired_difference",
    "read_sweep",
    "render_report",
    "status",
    "training_times",
    "write_sweep",
]


def __getattr__(name: str) -> object:
    """Import the module of ``name`` on first use."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'results' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"results.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value
