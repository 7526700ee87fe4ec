"""One sweep from Python: checks, then all of its trials, or some of them again."""

from collections.abc import Collection

from orchestrator.checks.checks import check_free_space, check_sweep
from orchestrator.checks.pinning import pin_sweep
from orchestrator.driver.garbage import merge_parts
from orchestrator.driver.limits import Limits
from orchestrator.driver.requests import asked_to_retry
from orchestrator.driver.retries import failed_trials, recorded_trials, still_failed
from orchestrator.driver.sweep_run import Execution, SweepOutcome, SweepRun
from orchestrator.execution.executors import ExecutorName
from orchestrator.execution.resources import ClusterSettings
from orchestrator.execution.steps import Build
from orchestrator.provenance import read_settings
from orchestrator.screens.progress import Progress, SilentProgress
from results import Store, open_store
from search_spaces import Setup, Space, Sweep
from trainables.build import build_piece
from trainables.datasets import prepare_data

__all__ = [
    "Execution",
    "SweepOutcome",
    "prepared_sweep",
    "reproduce_trials",
    "retry_trials",
    "run_sweep",
]


def prepared_sweep(space: Space, setup: Setup, threads: int = 1) -> Sweep:
    """Return the sweep of ``space`` on ``setup`` with its data pinned, checked as far as can be seen.

    Raises errors deriving from ``ValueError`` that say what to change; writes nothing.
    """
    sweep = pin_sweep(space, setup, threads)
    check_sweep(sweep)
    return sweep


def run_sweep(
    space: Space,
    setup: Setup,
    store_uri: str,
    *,
    executor: ExecutorName = "ray",
    cluster: ClusterSettings | None = None,
    threads: int = 1,
    progress: Progress | None = None,
    retry_failed: bool = False,
    command: str | None = None,
    build: Build | None = None,
    limits: Limits | None = None,
    optuna_storage: str | None = None,
) -> SweepOutcome:
    """Run all trials of ``space`` on ``setup`` that the store does not hold yet, and return how it ended.

    ``retry_failed`` runs failed trials again first; ``command`` is recorded as the one that continues the
    sweep; ``build`` replaces the work itself; ``limits`` may stop the run before its end; ``optuna_storage``
    is a journal file or database URL for optuna-dashboard. Raises before any work: ``ValueError`` kinds for
    settings and data, the store's errors, ``Unreachable``, ``SweepInUse`` while another process
    runs this sweep. ``KeyboardInterrupt`` and ``Terminated`` leave a sweep that the same call resumes.
    """
    sweep = prepared_sweep(space, setup, threads)
    execution = Execution(
        executor, cluster or ClusterSettings(), limits or Limits(), build or build_piece, optuna_storage
    )
    store = _ready_store(sweep, store_uri)
    with SweepRun(sweep, store, execution, progress or SilentProgress()) as run:
        if retry_failed:
            run.again(failed_trials(store, sweep))
        outcome = run.all(command)
        while not outcome.stopped and (numbers := asked_to_retry(store, sweep.sweep_id, run.identity)):
            run.again(still_failed(store, sweep, numbers))
            outcome = run.all(command)
    merge_parts(store)
    return outcome


def retry_trials(
    store_uri: str,
    sweep_id: str,
    numbers: Collection[int] | None,
    execution: Execution,
    progress: Progress | None = None,
) -> SweepOutcome:
    """Run failed trials of a sweep again, all of them or those with ``numbers``, and no other.

    What failed before is forgotten first, so that it is done anew. Raises as ``run_sweep`` does, and
    ``InvalidRequest`` for numbers that are no failed trials.
    """
    store = open_store(store_uri)
    sweep = read_settings(store, sweep_id)
    check_sweep(sweep)
    trials = failed_trials(store, sweep, numbers)
    _ready_store(sweep, store_uri)
    with SweepRun(sweep, store, execution, progress or SilentProgress()) as run:
        return run.again(trials)


def reproduce_trials(
    store_uri: str,
    sweep_id: str,
    numbers: Collection[int],
    into_uri: str,
    execution: Execution,
    progress: Progress | None = None,
) -> SweepOutcome:
    """Run trials of a sweep, however they ended, once more into another store; theirs stays as it is."""
    store = open_store(store_uri)
    sweep = read_settings(store, sweep_id)
    check_sweep(sweep)
    trials = recorded_trials(store, sweep, numbers)
    into = _ready_store(sweep, into_uri)
    with SweepRun(sweep, into, execution, progress or SilentProgress()) as run:
        return run.again(trials)


def _ready_store(sweep: Sweep, store_uri: str) -> Store:
    """Return the store, writable and with room, once the data of ``sweep`` are at hand."""
    check_free_space(store_uri)
    prepare_data(sweep.setup.data)
    store = open_store(store_uri, create=True)
    store.check_writable()
    return store
