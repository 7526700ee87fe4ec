"""What runs where: the search, the chain of each trial, executors, and the command ``tldmi-sweep``.

Names are imported on first use, so that the commands that only look at a store answer at once.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.driver.limits import Limits
    from orchestrator.driver.sweep import Execution, SweepOutcome, run_sweep
    from orchestrator.errors import ExitCode, SweepError, SweepInUse, Terminated
    from orchestrator.execution.resources import ClusterSettings
    from orchestrator.running import run

_HOME_OF = {
    "ClusterSettings": "execution.resources",
    "Execution": "driver.sweep",
    "ExitCode": "errors",
    "Limits": "driver.limits",
    "SweepError": "errors",
    "SweepInUse": "errors",
    "SweepOutcome": "driver.sweep",
    "Terminated": "errors",
    "run": "running",
    "run_sweep": "driver.sweep",
}

__all__ = [
    "ClusterSettings",
    "Execution",
    "ExitCode",
    "Limits",
    "SweepError",
    "SweepInUse",
    "SweepOutcome",
    "Terminated",
    "run",
    "run_sweep",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  (whatever the name stands for)
    """Import the module of ``name`` on first use."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'orchestrator' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"orchestrator.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value
