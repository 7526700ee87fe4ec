"""A run of a sweep: the lease on it, its record, and the runs of trials that the lease is used for."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from orchestrator.checks.remarks import remarks
from orchestrator.driver.control import RunControl
from orchestrator.driver.credits import credit_lines
from orchestrator.driver.limits import LimitKeeper
from orchestrator.driver.listeners import Listener, Notice, RunEnded, SweepStarted, TrialSource
from orchestrator.driver.retries import FixedTrials, forget_failures
from orchestrator.driver.run_context import Execution, RunContext
from orchestrator.driver.run_recorder import RunRecorder
from orchestrator.driver.run_watch import RunWatch
from orchestrator.driver.running_sweep import RunningSweep
from orchestrator.driver.trial_rows import known_trials
from orchestrator.errors import ExitCode, InvalidRequest, Unreachable
from orchestrator.execution.events import Proposal
from orchestrator.execution.executors import run_inline, run_on_ray
from orchestrator.locks import sweep_lock
from orchestrator.provenance import current_provenance, record_run
from orchestrator.search.fixed_trials import search_trials
from results import Store, StoreNotWritable, SweepRecord, read_sweep, write_sweep
from search_spaces import Sweep

if TYPE_CHECKING:
    from orchestrator.search.study_mirror import StudyMirror


@dataclass(frozen=True)
class SweepOutcome:
    """How a run ended."""

    sweep_id: str
    store_uri: str
    done: int
    failed: int
    """Trials without a result; each has a row with the reason."""
    ran: int
    """Trials of this run; the others were in the store before."""
    notes: tuple[str, ...] = ()
    stopped: str | None = None
    """Why the run ended before every trial had an outcome; ``None``: none is left."""

    @property
    def exit_code(self) -> ExitCode:
        """Exit code of the command: done, finished with failed trials, or stopped and resumable."""
        if self.stopped:
            return ExitCode.STOPPED
        return ExitCode.FAILED_TRIALS if self.failed else ExitCode.DONE


class SweepRun:
    """The lease on a sweep of a store, from entering to leaving, and the runs that it is used for.

    Entering raises ``SweepInUse`` while another process has the lease.
    """

    def __init__(
        self, sweep: Sweep, store: Store, execution: Execution, listeners: Sequence[Listener] = ()
    ) -> None:
        self._sweep, self._store, self._execution = sweep, store, execution
        self._listeners = listeners
        self._ran = 0
        self._watched = False

    def __enter__(self) -> Self:
        """Take the lease, and handle signals."""
        sweep, store, control = self._sweep, self._store, RunControl()
        with ExitStack() as stack:
            lease = stack.enter_context(sweep_lock(store.address, sweep.sweep_id, control.cancel))
            recorder = RunRecorder(lease.run)
            limits = LimitKeeper(self._execution.limits)
            self._context = RunContext(sweep, store, lease, control, limits, recorder, self._listeners)
            stack.callback(self._context.tell, RunEnded())
            stack.enter_context(control.handle_signals())
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lease back, and note how the run ended."""
        self._open.__exit__(kind, error, trace)

    @property
    def identity(self) -> str:
        """Identity of this run."""
        return self._context.lease.run

    def run_search(self, command: str | None) -> SweepOutcome:
        """Run the trials that the store does not hold yet; ``command`` is noted as the one that goes on."""
        # Optuna is imported when a sweep runs: the commands that only look at one answer sooner.
        from orchestrator.search.search import Proposer

        search = Proposer(self._sweep, known_trials(self._store, self._sweep), self._mirror())
        with _store_errors_as_unreachable():
            self._write_record(search, command)
            if not search.finished:
                for remark in remarks(self._sweep):
                    self._context.tell(Notice(f"note: {remark}"))
            outcome = self._run(search)
            self._write_record(search, command)
        return outcome

    def run_trials(self, trials: Sequence[Proposal]) -> SweepOutcome:
        """Run ``trials`` as if they had never run, under their numbers."""
        with _store_errors_as_unreachable():
            forget_failures(self._store, trials)
            return self._run(FixedTrials(trials))

    def _run(self, source: TrialSource) -> SweepOutcome:
        context, running = self._context, RunningSweep(self._context, source)
        context.tell(SweepStarted(self._sweep, source))
        if not running.finished:
            self._watch()
            with context.control.restore_termination():
                self._execute(running)
        self._ran += running.ran
        failed = sum(outcome.state == "failed" for outcome in source.outcomes.values())
        return SweepOutcome(
            self._sweep.sweep_id,
            self._store.uri,
            done=len(source.outcomes) - failed,
            failed=failed,
            ran=self._ran,
            notes=source.notes,
            stopped=None if source.finished else context.control.stopping,
        )

    def _watch(self) -> None:
        """Note where this run comes from and watch it; a run with nothing to do leaves no trace."""
        if not self._watched:
            self._watched = True
            record_run(self._store, self._sweep, current_provenance(self._execution.executor))
            self._open.enter_context(RunWatch(self._context))

    def _mirror(self) -> "StudyMirror | None":
        if self._execution.optuna_storage is None:
            return None
        from orchestrator.search.study_mirror import StudyMirror

        return StudyMirror(self._execution.optuna_storage, self._sweep.sweep_id)

    def _execute(self, running: RunningSweep) -> None:
        where, uri = self._execution, self._store.uri
        if where.executor == "inline":
            run_inline(running, uri, where.build)
        elif self._store.address.is_memory:
            raise InvalidRequest(f"only this process can read the store {uri}: use the executor inline")
        else:
            run_on_ray(running, uri, where.build, self._sweep.threads, where.cluster)

    def _write_record(self, search: TrialSource, command: str | None) -> None:
        """Write the sweep's record unless the store has this very one."""
        record = SweepRecord(
            self._sweep.sweep_id,
            self._sweep.space.name,
            self._sweep.setup.name,
            planned=self._planned(search),
            credits=credit_lines(self._sweep.setup),
            command=command,
        )
        if read_sweep(self._store, record.sweep_id) != record:
            write_sweep(self._store, record)

    def _planned(self, search: TrialSource) -> dict[str, int]:
        """Return the number of trials of each role; confirmation is open until the search has ended."""
        space, roles = self._sweep.space, [proposal.role for proposal in search.proposals]
        planned = {"search": search_trials(self._sweep), "control": len(space.control.kinds)}
        if search.all_proposed:
            planned |= {"search": roles.count("search"), "confirmation": roles.count("confirmation")}
        return planned


@contextmanager
def _store_errors_as_unreachable() -> Iterator[None]:
    """Raise ``Unreachable`` for a store that can no longer be written: it could when the run began."""
    try:
        yield
    except StoreNotWritable as error:
        raise Unreachable(f"{error} Finished work is kept; the same command resumes the sweep.") from error
