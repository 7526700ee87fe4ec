"""The public face: run a sweep, read its results, and bring a defence, an attack, ... of your own.

>>> import tldmi_sweep
>>> sorted(tldmi_sweep.load_space("bido_vs_tldmi").model_dump())[:2]
['access', 'anchors']
"""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from tldmi_sweep.lazy import lazy_names

if TYPE_CHECKING:
    from orchestrator.driver.limits import Limits
    from orchestrator.driver.sweep import Execution, SweepOutcome, run_sweep
    from orchestrator.errors import ExitCode, SweepError
    from orchestrator.execution.resources import ClusterSettings
    from orchestrator.running import run
    from results.reader import SweepResults, load
    from results.statistics.comparison import Comparison
    from results.statistics.configurations import Configuration
    from results.stores.opening import open_store
    from results.stores.store import Store
    from search_spaces.loading import load_setup, load_space
    from search_spaces.plugins import InvalidPlugin, load_plugin
    from search_spaces.setting_errors import InvalidSpace
    from search_spaces.setups import Setup
    from search_spaces.space import Space
    from search_spaces.sweep import Sweep

__getattr__ = lazy_names(
    __name__,
    {
        "orchestrator.driver.limits": ("Limits",),
        "orchestrator.driver.sweep": ("Execution", "SweepOutcome", "run_sweep"),
        "orchestrator.errors": ("ExitCode", "SweepError"),
        "orchestrator.execution.resources": ("ClusterSettings",),
        "orchestrator.running": ("run",),
        "results.reader": ("SweepResults", "load"),
        "results.statistics.comparison": ("Comparison",),
        "results.statistics.configurations": ("Configuration",),
        "results.stores.opening": ("open_store",),
        "results.stores.store": ("Store",),
        "search_spaces.setting_errors": ("InvalidSpace",),
        "search_spaces.loading": ("load_setup", "load_space"),
        "search_spaces.plugins": ("InvalidPlugin", "load_plugin"),
        "search_spaces.setups": ("Setup",),
        "search_spaces.space": ("Space",),
        "search_spaces.sweep": ("Sweep",),
    },
)

try:
    __version__ = version("tldmi-sweep")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "unknown"

__all__ = [
    "ClusterSettings",
    "Comparison",
    "Configuration",
    "Execution",
    "ExitCode",
    "InvalidPlugin",
    "InvalidSpace",
    "Limits",
    "Setup",
    "Space",
    "Store",
    "Sweep",
    "SweepError",
    "SweepOutcome",
    "SweepResults",
    "__version__",
    "load",
    "load_plugin",
    "load_setup",
    "load_space",
    "open_store",
    "run",
    "run_sweep",
]
