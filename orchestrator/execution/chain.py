"""One trial: its graph of pieces, each built once what it needs is there; the same inline and on Ray."""

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from orchestrator.errors import Unreachable
from orchestrator.execution.events import StepChanged, TrialEnded, TrialEvent, TrialOutcome
from orchestrator.execution.resources import GpuShares, ResourceRequest
from orchestrator.execution.steps import StepReport
from orchestrator.locks import FileLock
from results.statistics.fitness import unfit_reason
from results.stores.address import StoreAddress
from search_spaces import Piece, Trial

LOCK_POLL_SECONDS = 0.2
Handle = TypeVar("Handle", bound=Hashable)


class Submit(Protocol[Handle]):
    """Where steps run."""

    def submit(self, piece: Piece, request: ResourceRequest) -> Handle:
        """Start building a piece, or put it down for ``wait`` to build, and return a handle on the step."""

    def wait(self, handles: Sequence[Handle], timeout: float | None) -> list[Handle]:
        """Return the handles that have ended, at least one of them unless ``timeout`` seconds pass first."""

    def report(self, handle: Handle) -> StepReport:
        """Return the report of an ended step; a step whose worker was lost is a failure."""


@dataclass
class _Job:
    """A piece of a trial that is not built yet, and its lock: other trials may want the same piece."""

    piece_id: str
    piece: Piece
    name: str
    needs: frozenset[str]
    request: ResourceRequest
    lock: FileLock
    announced: bool = False


class _Run:
    """Where one trial is: jobs that wait or run, and reports of those that ended."""

    def __init__(self, jobs: Mapping[str, _Job]) -> None:
        self.jobs = jobs
        self.waiting = dict(jobs)
        self.reports: dict[str, StepReport] = {}
        self.skipped: set[str] = set()
        """Pieces that cannot be built since something that they need failed."""

    def ready(self) -> list[_Job]:
        """Return the waiting jobs whose needs are built, after leaving out those that never will be."""
        ready = []
        for piece_id, job in list(self.waiting.items()):  # needed ones come first
            if any(self._is_lost(needed) for needed in job.needs):
                self.skipped.add(piece_id)
                del self.waiting[piece_id]
            elif all(needed in self.reports for needed in job.needs):
                ready.append(job)
        return ready

    def failures(self) -> list[tuple[_Job, StepReport]]:
        """Return the jobs that failed, in the order of the graph."""
        ended = [
            (job, self.reports[piece_id]) for piece_id, job in self.jobs.items() if piece_id in self.reports
        ]
        return [(job, report) for job, report in ended if report.status == "failed"]

    def _is_lost(self, piece_id: str) -> bool:
        report = self.reports.get(piece_id)
        return piece_id in self.skipped or (report is not None and report.status == "failed")


class Chain(Generic[Handle]):
    """Runs one trial after another through ``submit``.

    A piece starts when all that it needs is in the store. Every piece is built under the lock of its
    identity, so once, whoever asks: others wait without holding a CPU. A piece that does not depend on T and
    that this chain has seen built is not asked for again.
    """

    def __init__(self, submit: Submit[Handle], store_uri: str, shares: GpuShares) -> None:
        self._submit = submit
        self._locks = StoreAddress.parse(store_uri).lock_folder
        self._shares = shares
        self._built: set[str] = set()

    def run(self, number: int, trial: Trial) -> Iterator[list[TrialEvent]]:
        """Yield what happens to the trial ``number``: changes of its steps as they come, last its end."""
        run = _Run(self._jobs(trial))
        yield from self._build_all(number, run)
        yield [TrialEnded(number, _outcome(trial, run))]

    def _jobs(self, trial: Trial) -> dict[str, _Job]:
        """Return a job for each piece of ``trial`` that was not seen built, needed ones first."""
        pieces = {piece_id: each for piece_id, each in trial.pieces().items() if piece_id not in self._built}
        names = unique_names(pieces)
        return {
            piece_id: _Job(
                piece_id,
                piece,
                names[piece_id],
                frozenset(needed.piece_id for needed in piece.needs) - self._built,
                self._shares.request(piece.work, piece.cpu_threads),
                FileLock(self._locks, f"piece-{piece_id}"),
            )
            for piece_id, piece in pieces.items()
        }

    def _build_all(self, number: int, run: _Run) -> Iterator[list[TrialEvent]]:
        """Build all pieces side by side and fill ``run.reports``; what another trial builds is waited for."""
        running: dict[Handle, str] = {}
        try:
            while run.waiting or running:
                ready = run.ready()
                if events := self._start(number, ready, run, running):
                    yield events
                locked = any(job.piece_id in run.waiting for job in ready)
                ended = self._submit.wait(list(running), LOCK_POLL_SECONDS if locked else None)
                if ended:
                    yield [self._end(number, handle, run, running.pop(handle)) for handle in ended]
        finally:
            for job in run.jobs.values():
                job.lock.release()

    def _start(
        self, number: int, ready: Sequence[_Job], run: _Run, running: dict[Handle, str]
    ) -> list[TrialEvent]:
        """Submit every job of ``ready`` whose piece nobody else is building; return what there is to say."""
        events: list[TrialEvent] = []
        for job in ready:
            if job.lock.try_acquire():
                del run.waiting[job.piece_id]
                running[self._submit.submit(job.piece, job.request)] = job.piece_id
                events.append(StepChanged(number, job.name, "started"))
            elif not job.announced:
                job.announced = True
                events.append(StepChanged(number, job.name, "waiting"))
        return events

    def _end(self, number: int, handle: Handle, run: _Run, piece_id: str) -> TrialEvent:
        job, report = run.jobs[piece_id], self._submit.report(handle)
        if report.store_lost:
            raise Unreachable(
                f"{job.name}: {report.reason}; finished work is kept; the same command resumes the sweep"
            )
        run.reports[piece_id] = report
        if report.status != "failed" and job.piece.source_target is None:
            self._built.add(piece_id)
        job.lock.release()
        return StepChanged(
            number, job.name, report.status, report.seconds, report.reason, report.host, report.log
        )


def unique_names(pieces: Mapping[str, Piece]) -> dict[str, str]:
    """Return what screens call each of ``pieces``, by identity: a name that two share is numbered.

    The same pieces in the same order have the same names.
    """
    names: dict[str, str] = {}
    times = Counter[str]()
    for piece_id, piece in pieces.items():
        times[piece.name] += 1
        number = times[piece.name]
        names[piece_id] = piece.name if number == 1 else f"{piece.name} {number}"
    return names


def _outcome(trial: Trial, run: _Run) -> TrialOutcome:
    """Return the outcome: Acc of T, the largest AttAcc of its attacks if it has any, or why it failed."""
    acc = _number(run, trial.target, "acc")
    if failures := run.failures():
        reasons = [f"{job.name}: {report.reason or 'no reason given'}" for job, report in failures]
        return TrialOutcome("failed", "; ".join(reasons), acc, host=failures[0][1].host)
    att_accs = [_number(run, attack, "att_acc") for attack in trial.attacks]
    known = [value for value in att_accs if value is not None]
    if acc is None or len(known) < len(att_accs):
        return TrialOutcome("failed", "a step reported no finite acc or att_acc", acc)
    unfit = unfit_reason(run.reports[trial.target.piece_id].values)
    return TrialOutcome("done", None, acc, max(known, default=None), unfit=unfit)


def _number(run: _Run, piece: Piece, name: str) -> float | None:
    report = run.reports.get(piece.piece_id)
    value = None if report is None else report.values.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
