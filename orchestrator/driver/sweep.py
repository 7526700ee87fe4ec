"""One sweep from Python: checks, then all of its trials, or some of them again."""

from collections.abc import Collection, Sequence

from orchestrator.checks.checks import check_free_space, check_sweep
from orchestrator.checks.pinning import pin_sweep
from orchestrator.checks.pretraining import pretrainings_of
from orchestrator.driver.garbage import merge_parts
from orchestrator.driver.listeners import Listener
from orchestrator.driver.requests import read_retry_request
from orchestrator.driver.retries import failed_trials, recorded_trials, still_failed
from orchestrator.driver.run_context import Execution
from orchestrator.driver.sweep_run import SweepOutcome, SweepRun
from orchestrator.provenance import read_settings
from results import Store, open_store
from search_spaces import Setup, Space, Sweep
from trainables.datasets import prepare_data

__all__ = [
    "Execution",
    "SweepOutcome",
    "prepare_sweep",
    "reproduce_trials",
    "retry_trials",
    "run_sweep",
]


def prepare_sweep(space: Space, setup: Setup, threads: int = 1) -> Sweep:
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
    execution: Execution | None = None,
    *,
    threads: int = 1,
    listeners: Sequence[Listener] = (),
    retry_failed: bool = False,
    command: str | None = None,
) -> SweepOutcome:
    """Run all trials of ``space`` on ``setup`` that the store does not hold yet, and return how it ended.

    ``execution`` says where and how long they run (by default on Ray on this machine, without a limit);
    ``threads`` are CPU threads of a step. ``retry_failed`` runs failed trials again first; ``command`` is
    recorded as the one that continues the sweep. Raises before any work: ``ValueError`` kinds for settings
    and data, the store's errors, ``Unreachable``, ``SweepInUse`` while another process runs this sweep.
    ``KeyboardInterrupt`` and ``Terminated`` leave a sweep that the same call resumes.
    """
    sweep = prepare_sweep(space, setup, threads)
    store = _ready_store(sweep, store_uri)
    with SweepRun(sweep, store, execution or Execution(), listeners) as run:
        if retry_failed:
            run.run_trials(failed_trials(store, sweep))
        outcome = run.run_search(command)
        while not outcome.stopped and (numbers := read_retry_request(store, sweep.sweep_id, run.identity)):
            run.run_trials(still_failed(store, sweep, numbers))
            outcome = run.run_search(command)
    merge_parts(store)
    return outcome


def retry_trials(
    store_uri: str,
    sweep_id: str,
    numbers: Collection[int] | None,
    execution: Execution,
    listeners: Sequence[Listener] = (),
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
    with SweepRun(sweep, store, execution, listeners) as run:
        return run.run_trials(trials)


def reproduce_trials(
    store_uri: str,
    sweep_id: str,
    numbers: Collection[int],
    into_uri: str,
    execution: Execution,
    listeners: Sequence[Listener] = (),
) -> SweepOutcome:
    """Run trials of a sweep, however they ended, once more into another store; theirs stays as it is."""
    store = open_store(store_uri)
    sweep = read_settings(store, sweep_id)
    check_sweep(sweep)
    trials = recorded_trials(store, sweep, numbers)
    into = _ready_store(sweep, into_uri)
    with SweepRun(sweep, into, execution, listeners) as run:
        return run.run_trials(trials)


def _ready_store(sweep: Sweep, store_uri: str) -> Store:
    """Return the store, writable and with room, once the data of ``sweep`` are at hand."""
    check_free_space(store_uri)
    prepare_data(sweep.setup.data)
    for pretraining in pretrainings_of(sweep):
        if pretraining.data is not None:
            prepare_data(pretraining.data)
    store = open_store(store_uri, create=True)
    store.check_writable()
    return store
