"""One sweep from Python: checks, search, execution, rows; running it again continues it."""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from orchestrator.checks import check_free_space, check_sweep, pinned_setup
from orchestrator.credits import credit_lines
from orchestrator.errors import ExitCode, Terminated
from orchestrator.executors import ClusterSettings, ExecutorName, run_inline, run_on_ray
from orchestrator.listed import search_trials
from orchestrator.locks import sweep_lock
from orchestrator.outcome import KnownTrial, Phase, Proposal, TrialOutcome
from orchestrator.progress import Progress, SilentProgress
from orchestrator.provenance import current_provenance, record_run
from orchestrator.steps import Steps
from orchestrator.trial_rows import known_trials, write_trial
from orchestrator.weight_files import pinned_space
from results import Store, SweepRecord, open_store, read_sweep, write_sweep
from search_spaces import Setup, Space, Sweep
from trainables.datasets import prepare_data

if TYPE_CHECKING:
    from orchestrator.search import Proposer


@dataclass(frozen=True)
class SweepOutcome:
    """How a sweep ended."""

    sweep_id: str
    store_uri: str
    done: int
    failed: int
    """Trials without a result; each has a row with the reason."""
    ran: int
    """Trials of this run; the others were in the store before."""
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """Exit code of the command: done, or finished with failed trials."""
        return ExitCode.FAILED_TRIALS if self.failed else ExitCode.DONE


def prepared_sweep(space: Space, setup: Setup, threads: int = 1) -> Sweep:
    """Return the sweep of ``space`` on ``setup`` with its data pinned, checked as far as can be seen.

    Raises errors deriving from ``ValueError`` that say what to change; writes nothing.
    """
    sweep = Sweep(space=pinned_space(space, setup), setup=pinned_setup(setup), threads=threads)
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
    steps: Steps | None = None,
) -> SweepOutcome:
    """Run all trials of ``space`` on ``setup`` that the store does not hold yet, and return how it ended.

    ``retry_failed`` runs failed trials again; ``command`` is recorded as the one that continues the sweep;
    ``steps`` replaces the work itself. Raises before any work: ``ValueError`` kinds for settings and data,
    the store's errors, ``SweepInUse`` while another process runs this sweep. ``KeyboardInterrupt`` and
    ``Terminated`` leave a sweep that the same call resumes.
    """
    sweep = prepared_sweep(space, setup, threads)
    check_free_space(store_uri)
    prepare_data(sweep.setup.data)
    store = open_store(store_uri, create=True)
    store.check_writable()
    shown = progress or SilentProgress()
    with sweep_lock(store.uri, sweep.sweep_id), closing(shown), _terminable():
        running = RunningSweep(sweep, store, shown, known_trials(store, sweep, retry_failed), command)
        if not running.finished:
            record_run(store, sweep, current_provenance(executor))
            _execute(running, store.uri, executor, threads, cluster or ClusterSettings(), steps or Steps())
        return running.conclude()


class RunningSweep:
    """A sweep in motion: hands out trials, writes a row for each that ends, and keeps the user informed."""

    def __init__(
        self,
        sweep: Sweep,
        store: Store,
        progress: Progress,
        known: Mapping[str, KnownTrial],
        command: str | None = None,
    ) -> None:
        self._sweep = sweep
        self._store = store
        self._progress = progress
        self._command = command
        self._proposer = _proposer(sweep, known)
        self._handed_out: dict[int, Proposal] = {}
        self._ran = 0
        self._write_record()
        self._progress.begin(sweep, self._proposer)

    @property
    def finished(self) -> bool:
        """Whether every trial of the sweep has an outcome."""
        return self._proposer.finished

    def next(self) -> Proposal | None:
        """Return a trial to run now, or ``None`` while the next one depends on running ones."""
        proposal = self._proposer.next()
        if proposal:
            self._handed_out[proposal.number] = proposal
            self._progress.trial_started(proposal)
        return proposal

    def note(self, number: int, phase: Phase) -> None:
        """Tell the user about a phase of a running trial."""
        self._progress.phase(self._handed_out[number], phase)

    def record(self, number: int, outcome: TrialOutcome) -> None:
        """Write the row of an ended trial, then let the search know."""
        proposal = self._handed_out[number]
        write_trial(self._store, self._sweep.sweep_id, proposal, outcome)
        self._ran += 1
        self._proposer.tell(number, outcome)
        self._progress.trial_ended(proposal, outcome)

    def conclude(self) -> SweepOutcome:
        """Return how the sweep ended, and record how many trials it came to."""
        self._write_record()
        outcomes = self._proposer.outcomes.values()
        failed = sum(outcome.state == "failed" for outcome in outcomes)
        return SweepOutcome(
            self._sweep.sweep_id,
            self._store.uri,
            done=len(outcomes) - failed,
            failed=failed,
            ran=self._ran,
            notes=self._proposer.notes,
        )

    def _write_record(self) -> None:
        """Write the sweep's record unless the store has this very one."""
        record = SweepRecord(
            self._sweep.sweep_id,
            self._sweep.space.name,
            self._sweep.setup.name,
            planned=self._planned(),
            credits=credit_lines(self._sweep.setup),
            command=self._command,
        )
        if read_sweep(self._store, record.sweep_id) != record:
            write_sweep(self._store, record)

    def _planned(self) -> dict[str, int]:
        """Return the number of trials of each role; confirmation is open until the search has ended."""
        space, roles = self._sweep.space, [proposal.role for proposal in self._proposer.proposals]
        planned = {"search": search_trials(self._sweep), "control": len(space.control.kinds)}
        if self._proposer.course_is_over:
            planned |= {"search": roles.count("search"), "confirmation": roles.count("confirmation")}
        return planned


def _proposer(sweep: Sweep, known: Mapping[str, KnownTrial]) -> "Proposer":
    # Optuna is imported when a sweep runs: the commands that only look at one answer sooner.
    from orchestrator.search import Proposer

    return Proposer(sweep, known)


def _execute(
    running: RunningSweep,
    store_uri: str,
    executor: ExecutorName,
    threads: int,
    cluster: ClusterSettings,
    steps: Steps,
) -> None:
    if executor == "inline":
        run_inline(running, store_uri, steps)
    else:
        run_on_ray(running, store_uri, steps, threads, cluster)


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM unwind the sweep as Ctrl-C does; only the main thread can be told so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _raise_terminated(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated
