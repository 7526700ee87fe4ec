"""A run of a sweep: the right to it, its trials in motion, and the row and log of each that ends."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from orchestrator.driver.control import RunControl
from orchestrator.driver.credits import credit_lines
from orchestrator.driver.limits import LimitKeeper, Limits
from orchestrator.driver.retries import TrialsAgain, forget_failures
from orchestrator.driver.run_recorder import RunRecorder
from orchestrator.driver.run_watch import RunWatch
from orchestrator.driver.trial_rows import known_trials, write_trial
from orchestrator.errors import ExitCode, InvalidRequest, Terminated, Unreachable
from orchestrator.execution.events import Proposal, StepChanged, TrialEvent, TrialOutcome
from orchestrator.execution.executors import ExecutorName, run_inline, run_on_ray
from orchestrator.execution.resources import ClusterSettings
from orchestrator.execution.steps import Build
from orchestrator.locks import LOST, HeldRight, sweep_lock
from orchestrator.provenance import current_provenance, record_run
from orchestrator.screens.progress import Progress
from orchestrator.search.fixed_trials import search_trials
from results import Store, StoreNotWritable, SweepRecord, read_sweep, write_sweep
from results.stores.store import is_memory
from results.sweeps.trial_logs import write_trial_log
from search_spaces import Sweep
from trainables.build import build_piece

if TYPE_CHECKING:
    from orchestrator.search.study_mirror import StudyMirror


@dataclass(frozen=True)
class Execution:
    """Where and how long trials run; none of it changes what comes out."""

    executor: ExecutorName = "ray"
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    limits: Limits = field(default_factory=Limits)
    build: Build = build_piece
    """Builds each piece."""
    optuna_storage: str | None = None
    """Journal file or database URL in which the study of the search is mirrored."""


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
    """Why the run ended before every trial had an outcome; nothing: none is left."""

    @property
    def exit_code(self) -> ExitCode:
        """Exit code of the command: done, finished with failed trials, or stopped and resumable."""
        if self.stopped:
            return ExitCode.STOPPED
        return ExitCode.FAILED_TRIALS if self.failed else ExitCode.DONE


class Source(Protocol):
    """Where trials come from: the search, or a list of trials to run again."""

    @property
    def finished(self) -> bool:
        """Whether every trial has been told."""

    @property
    def course_is_over(self) -> bool:
        """Whether every trial has been proposed."""

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """All proposals so far, in the order in which they were made."""

    @property
    def outcomes(self) -> Mapping[int, TrialOutcome]:
        """All outcomes so far, by trial number."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks for the user."""

    def next(self) -> Proposal | None:
        """Return a trial to run now, or ``None`` while the next one depends on trials not told yet."""

    def tell(self, number: int, outcome: TrialOutcome) -> None:
        """Take notice of how a trial ended."""


class SweepRun:
    """The right to run a sweep on a store, from entering to leaving, and the runs that it is used for.

    Entering raises ``SweepInUse`` while another process has the right.
    """

    def __init__(self, sweep: Sweep, store: Store, execution: Execution, progress: Progress) -> None:
        self._sweep, self._store, self._execution = sweep, store, execution
        self._progress = progress
        self._control = RunControl()
        self._limits = LimitKeeper(execution.limits)
        self._ran = 0
        self._watched = False

    def __enter__(self) -> Self:
        """Take the right, and listen to signals."""
        with ExitStack() as stack:
            self._right = stack.enter_context(
                sweep_lock(self._store.uri, self._sweep.sweep_id, self._control.cancel)
            )
            self.identity = self._right.run
            self._recorder = stack.enter_context(closing(RunRecorder(self._progress, self.identity)))
            stack.enter_context(self._control.heeding_signals())
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the right back, and note how the run ended."""
        self._open.__exit__(kind, error, trace)

    def all(self, command: str | None) -> SweepOutcome:
        """Run the trials that the store does not hold yet; ``command`` is noted as the one that goes on."""
        # Optuna is imported when a sweep runs: the commands that only look at one answer sooner.
        from orchestrator.search.search import Proposer

        search = Proposer(self._sweep, known_trials(self._store, self._sweep), self._mirror())
        with _a_store_that_takes_no_more_is_lost():
            self._write_record(search, command)
            outcome = self._run(search)
            self._write_record(search, command)
        return outcome

    def again(self, trials: Sequence[Proposal]) -> SweepOutcome:
        """Run ``trials`` as if they had never run, under their numbers."""
        with _a_store_that_takes_no_more_is_lost():
            forget_failures(self._store, trials)
            return self._run(TrialsAgain(trials))

    def _run(self, source: Source) -> SweepOutcome:
        running = RunningSweep(
            self._sweep, self._store, source, self._recorder, self._control, self._limits, self._right
        )
        self._recorder.begin(self._sweep, source)
        if not running.finished:
            self._watch()
            with self._control.telling_interrupts_apart():
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
            stopped=None if source.finished else self._control.stopping,
        )

    def _watch(self) -> None:
        """Note where this run comes from and watch it; a run with nothing to do leaves no trace."""
        if self._watched:
            return
        self._watched = True
        record_run(self._store, self._sweep, current_provenance(self._execution.executor))
        watch = RunWatch(
            self._store, self._sweep.sweep_id, self._right, self._control, self._recorder, self._limits
        )
        self._open.enter_context(watch)

    def _mirror(self) -> "StudyMirror | None":
        if self._execution.optuna_storage is None:
            return None
        from orchestrator.search.study_mirror import StudyMirror

        return StudyMirror(self._execution.optuna_storage, self._sweep.sweep_id)

    def _execute(self, running: "RunningSweep") -> None:
        where, uri = self._execution, self._store.uri
        if where.executor == "inline":
            run_inline(running, uri, where.build)
        elif is_memory(uri):
            raise InvalidRequest(f"only this process sees the store {uri}: use the executor inline")
        else:
            run_on_ray(running, uri, where.build, self._sweep.threads, where.cluster)

    def _write_record(self, search: Source, command: str | None) -> None:
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

    def _planned(self, search: Source) -> dict[str, int]:
        """Return the number of trials of each role; confirmation is open until the search has ended."""
        space, roles = self._sweep.space, [proposal.role for proposal in search.proposals]
        planned = {"search": search_trials(self._sweep), "control": len(space.control.kinds)}
        if search.course_is_over:
            planned |= {"search": roles.count("search"), "confirmation": roles.count("confirmation")}
        return planned


@contextmanager
def _a_store_that_takes_no_more_is_lost() -> Iterator[None]:
    """Tell a store that was writable when the run began from one that never was: it is no wrong request."""
    try:
        yield
    except StoreNotWritable as error:
        raise Unreachable(f"{error} What has ended is kept, the same command goes on.") from error


class RunningSweep:
    """Trials in motion: handed out while the run may go on, and written when they end."""

    def __init__(
        self,
        sweep: Sweep,
        store: Store,
        source: Source,
        recorder: RunRecorder,
        control: RunControl,
        limits: LimitKeeper,
        right: HeldRight,
    ) -> None:
        self._sweep, self._store, self._source = sweep, store, source
        self._recorder, self._control, self._limits = recorder, control, limits
        self._right = right
        self._open: dict[int, Proposal] = {}
        self.ran = 0

    @property
    def finished(self) -> bool:
        """Whether nothing is left to run: all has an outcome, or the run stops and its last trial ended."""
        return self._source.finished or (self._control.stopping is not None and not self._open)

    def next(self) -> Proposal | None:
        """Return a trial to run now, or ``None`` while the next one depends on running ones or none may."""
        self._check_right()
        if reason := self._limits.before_start():
            self._control.stop(reason)
        proposal = None if self._control.stopping else self._source.next()
        if proposal:
            self._open[proposal.number] = proposal
            self._limits.trial_started(proposal.number)
            self._recorder.trial_started(proposal)
        return proposal

    def hear(self, event: TrialEvent) -> None:
        """Take notice of an event of a running trial."""
        if isinstance(event, StepChanged):
            self._pass_on(event)
        else:
            self._record(event.number, event.outcome)

    def _pass_on(self, step: StepChanged) -> None:
        self._recorder.step_changed(self._open[step.number], step)
        if reason := self._limits.step_ended(step):
            self._control.stop(reason)

    def _record(self, number: int, outcome: TrialOutcome) -> None:
        """Write log and row of an ended trial, then let the search know."""
        self._check_right()
        proposal = self._open.pop(number)
        write_trial_log(self._store, self._recorder.log(self._sweep.sweep_id, number, outcome))
        write_trial(self._store, self._sweep.sweep_id, proposal, outcome)
        self.ran += 1
        self._source.tell(number, outcome)
        self._recorder.trial_ended(proposal, outcome)
        if reason := self._limits.trial_ended(number, outcome):
            self._control.stop(reason)

    def _check_right(self) -> None:
        """Raise ``Terminated`` when another process may run the sweep: what this one writes is not wanted.

        The thread that renews the claim notices as well, but not always first where the process was stopped.
        """
        if not self._right.is_sure():
            raise Terminated(LOST)
