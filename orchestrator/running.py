"""A sweep from Python in one call: what ``tldmi-sweep --space`` does, and its results to go on with."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.driver.limits import Limits
from orchestrator.driver.listeners import Listener
from orchestrator.driver.sweep import Execution, run_sweep
from orchestrator.execution.executors import ExecutorName
from orchestrator.execution.resources import ClusterSettings
from orchestrator.execution.steps import Build
from orchestrator.selection import Selection, apply_overrides
from results import SweepResults, load
from search_spaces import Setup, Space, load_setup, load_space
from trainables.build import build_piece


def run(
    space: str | Path | Space,
    data: str | Path | Setup | None = None,
    *,
    store: str | Path | None = None,
    trials: int | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    threads: int = 1,
    executor: ExecutorName = "ray",
    cluster: ClusterSettings | None = None,
    limits: Limits | None = None,
    build: Build | None = None,
    listeners: Sequence[Listener] = (),
    retry_failed: bool = False,
) -> SweepResults:
    """Run a sweep, or what is left of it, and return its results as `results.load` does.

    ``space`` is the name of a shipped space, a YAML file or a `Space`; ``data`` a setup in the same ways or
    as ``--data`` takes it, the space's own without. ``store`` is a folder or ``s3://`` URI, else
    ``runs/<space>-<setup>``. ``settings`` are those of ``--set``: ``{"target.epochs": 3}``. Trials that fail
    are rows with a reason, not exceptions; ``limits`` may end the run before the sweep's end; ``build``
    replaces the work itself. Raises what `run_sweep` raises, before any work is done.
    """
    chosen_space = space if isinstance(space, Space) else load_space(str(space))
    setup = data if isinstance(data, Setup) else load_setup(str(data or chosen_space.setup))
    assignments = tuple(f"{key}={json.dumps(value)}" for key, value in (settings or {}).items())
    chosen_space, setup = apply_overrides(chosen_space, setup, assignments, trials, seed)
    selection = Selection(
        str(space),
        str(data) if data else None,
        str(store) if store else None,
        trials,
        seed,
        threads,
        assignments,
    )
    given_as_objects = isinstance(space, Space) or isinstance(data, Setup)
    outcome = run_sweep(
        chosen_space,
        setup,
        selection.store_uri(chosen_space, setup),
        Execution(executor, cluster or ClusterSettings(), limits or Limits(), build or build_piece),
        threads=threads,
        listeners=listeners,
        retry_failed=retry_failed,
        command=None if given_as_objects else selection.command,
    )
    return load(outcome.store_uri, outcome.sweep_id)
