"""One trial: shared pieces and T side by side, then the attacks; the same chain inline and on Ray."""

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from orchestrator.errors import Unreachable
from orchestrator.execution.events import StepChanged, TrialEnded, TrialEvent, TrialOutcome
from orchestrator.execution.steps import Step, StepReport, Steps
from orchestrator.locks import FileLock, lock_folder
from search_spaces import EvaluatorConfig, Piece, PriorConfig, Trial

LOCK_POLL_SECONDS = 0.2
TARGET = "target"
Handle = TypeVar("Handle", bound=Hashable)


@dataclass(frozen=True)
class Share:
    """What one task takes of a machine."""

    cpus: int = 1
    gpus: float = 0.0


@dataclass(frozen=True)
class Shares:
    """GPU shares of the kinds of step; the CPUs of a step are its threads."""

    target_gpus: float = 0.0
    attack_gpus: float = 0.0


class Submit(Protocol[Handle]):
    """Where steps run."""

    def submit(self, step: Step, config: Piece, store_uri: str, share: Share) -> Handle:
        """Start a step, or put it down for ``wait`` to run, and return a handle on it."""

    def wait(self, handles: Sequence[Handle], timeout: float | None) -> list[Handle]:
        """Return the handles that have ended, at least one of them unless ``timeout`` seconds pass first."""

    def report(self, handle: Handle) -> StepReport:
        """Return the report of an ended step; a step whose worker was lost is a failure."""


@dataclass
class _Job:
    """A step of a trial, and the lock of its piece when other trials may want the same one."""

    key: str
    name: str
    step: Step
    config: Piece
    share: Share
    lock: FileLock | None = None
    announced: bool = False

    def ready(self) -> bool:
        """Return whether nobody else is building this piece; then the right to build it is held."""
        return self.lock is None or self.lock.try_acquire()

    def release(self) -> None:
        """Let others have the piece."""
        if self.lock:
            self.lock.release()


Reports = dict[str, StepReport]
"""Reports of a trial's steps by the key of their job."""


class Chain(Generic[Handle]):
    """Runs one trial after another through ``submit``.

    Shared pieces are built once per content hash: whoever asks first holds the lock of the piece while it is
    built, others wait without holding a CPU. A piece that this chain has seen built is not asked for again.
    """

    def __init__(self, submit: Submit[Handle], store_uri: str, steps: Steps, shares: Shares) -> None:
        self._submit = submit
        self._store_uri = store_uri
        self._steps = steps
        self._shares = shares
        self._built: set[str] = set()

    def run(self, number: int, trial: Trial) -> Iterator[list[TrialEvent]]:
        """Yield what happens to the trial ``number``: changes of its steps as they come, last its end."""
        first = [self._target_job(trial), *self._shared_jobs(trial)]
        attacks = self._attack_jobs(trial)
        reports: Reports = {}
        yield from self._run_jobs(number, first, reports)
        reason = _failure(first, reports)
        if reason is None:
            yield from self._run_jobs(number, attacks, reports)
            reason = _failure(attacks, reports)
        yield [TrialEnded(number, _outcome(reports, [job.key for job in attacks], reason))]

    def _target_job(self, trial: Trial) -> _Job:
        share = Share(trial.target.threads, self._shares.target_gpus)
        return _Job(TARGET, "target", self._steps.target, trial.target, share)

    def _attack_jobs(self, trial: Trial) -> list[_Job]:
        share = Share(trial.target.threads, self._shares.attack_gpus)
        return [
            _Job(f"attack-{attack.piece_id}", attack.attack.kind, self._steps.attack, attack, share)
            for attack in trial.attacks
        ]

    def _shared_jobs(self, trial: Trial) -> list[_Job]:
        """Return the jobs of the generators and evaluators that this trial needs, each piece once."""
        jobs: dict[str, _Job] = {}
        for attack in trial.attacks:
            generator = attack.prior_config
            job = self._shared_job("generator", generator.piece_id, self._steps.generator, generator)
            jobs[job.key] = job
            for evaluator in attack.evaluator_configs:
                name = f"evaluator {evaluator.evaluator.kind}"
                job = self._shared_job(name, evaluator.piece_id, self._steps.evaluator, evaluator)
                jobs[job.key] = job
        return [job for key, job in jobs.items() if key not in self._built]

    def _shared_job(self, name: str, piece: str, step: Step, config: PriorConfig | EvaluatorConfig) -> _Job:
        key = f"{name.split()[0]}-{piece}"
        lock = FileLock(lock_folder(self._store_uri), key)
        return _Job(key, name, step, config, Share(config.threads, self._shares.target_gpus), lock)

    def _run_jobs(self, number: int, jobs: list[_Job], reports: Reports) -> Iterator[list[TrialEvent]]:
        """Run ``jobs`` side by side and fill ``reports``; a piece that another trial builds is waited for."""
        waiting: list[_Job] = list(jobs)
        running: dict[Handle, _Job] = {}
        try:
            while waiting or running:
                if started := self._start_ready(number, waiting, running):
                    yield started
                timeout = LOCK_POLL_SECONDS if waiting else None
                ended = {handle: running.pop(handle) for handle in self._submit.wait(list(running), timeout)}
                for handle, job in ended.items():
                    reports[job.key] = self._ended(job, handle)
                if ended:
                    yield [_ended_step(number, job, reports[job.key]) for job in ended.values()]
        finally:
            for job in jobs:
                job.release()

    def _start_ready(self, number: int, waiting: list[_Job], running: dict[Handle, _Job]) -> list[TrialEvent]:
        """Move every job that is free from ``waiting`` to ``running``; return what there is to say."""
        events: list[TrialEvent] = []
        for job in list(waiting):
            if job.ready():
                waiting.remove(job)
                running[self._submit.submit(job.step, job.config, self._store_uri, job.share)] = job
                events.append(StepChanged(number, job.name, "started"))
            elif not job.announced:
                job.announced = True
                events.append(StepChanged(number, job.name, "waiting"))
        return events

    def _ended(self, job: _Job, handle: Handle) -> StepReport:
        report = self._submit.report(handle)
        if report.store_lost:
            raise Unreachable(
                f"{job.name}: {report.reason}; what has ended is kept, the same command goes on"
            )
        if job.lock and report.status != "failed":
            self._built.add(job.key)
        job.release()
        return report


def _ended_step(number: int, job: _Job, report: StepReport) -> StepChanged:
    return StepChanged(
        number, job.name, report.status, report.seconds, report.reason, report.host, report.log
    )


def _failure(jobs: Sequence[_Job], reports: Reports) -> str | None:
    """Return why ``jobs`` failed, every failed one in one line, or ``None``."""
    reasons = [
        f"{job.name}: {reports[job.key].reason or 'no reason given'}"
        for job in jobs
        if reports[job.key].status == "failed"
    ]
    return "; ".join(reasons) or None


def _outcome(reports: Reports, attack_keys: Sequence[str], reason: str | None) -> TrialOutcome:
    """Return the outcome: Acc of T, the largest AttAcc of its attacks if it has any, or why it failed."""
    acc = _number(reports[TARGET], "acc")
    if reason is not None:
        return TrialOutcome("failed", reason, acc, host=_failing_host(reports))
    att_accs = [_number(reports[key], "att_acc") for key in attack_keys]
    known = [value for value in att_accs if value is not None]
    if acc is None or len(known) < len(att_accs):
        return TrialOutcome("failed", "a step reported no finite acc or att_acc", acc)
    return TrialOutcome("done", None, acc, max(known, default=None))


def _failing_host(reports: Reports) -> str | None:
    return next((report.host for report in reports.values() if report.status == "failed"), None)


def _number(report: StepReport, name: str) -> float | None:
    value = report.values.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
