"""Follows a run for other shells: what runs now, written into the store every few seconds."""

import os
import platform
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from orchestrator.driver.listeners import Event, SweepCounts, SweepStarted, TrialStarted, trial_label
from orchestrator.execution.events import Proposal, StepChanged, TrialEnded, TrialOutcome
from results.sweeps.run_progress import RunningStep, RunningTrial, RunProgress
from results.sweeps.trial_logs import StepLog, TrialLog


@dataclass
class _Open:
    """A trial that runs."""

    proposal: Proposal
    started_at: str
    steps: dict[str, StepChanged] = field(default_factory=dict)


class RunRecorder:
    """Remembers what runs; asked by the thread that writes it down."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._started_at = _now()
        self._open: dict[int, _Open] = {}
        self._counts: SweepCounts | None = None
        self._guard = threading.Lock()
        self.changes = 0
        """Number of events of trials so far."""

    def hear(self, event: Event) -> None:
        """Take notice of an event."""
        match event:
            case SweepStarted(sweep, trials):
                self._counts = SweepCounts(sweep, trials)
            case TrialStarted(proposal):
                with self._guard:
                    self._open[proposal.number] = _Open(proposal, _now())
                    self.changes += 1
            case StepChanged():
                with self._guard:
                    self._open[event.number].steps[event.name] = event
                    self.changes += 1
            case TrialEnded():
                with self._guard:
                    del self._open[event.number]
                    self.changes += 1

    def log(self, sweep_id: str, number: int, outcome: TrialOutcome) -> TrialLog:
        """Return the log of a running trial that has come to ``outcome``."""
        with self._guard:
            trial = self._open[number]
            return TrialLog(
                sweep_id,
                number,
                trial.proposal.role,
                trial.proposal.trial.model_dump(mode="json"),
                outcome.state,
                outcome.reason,
                trial.started_at,
                _now(),
                tuple(_log(step) for step in trial.steps.values()),
                trial.proposal.trial.target.defense.columns(),
            )

    def progress(self, stopping: str | None, outcome: str | None = None) -> RunProgress:
        """Return the run as of now."""
        counts = self._counts
        with self._guard:
            return RunProgress(
                run=self._run,
                pid=os.getpid(),
                host=platform.node(),
                started_at=self._started_at,
                written_at=_now(),
                ended=counts.ended if counts else 0,
                failed=counts.failed if counts else 0,
                expected=counts.expected if counts else 0,
                seconds_left=counts.seconds_left if counts else None,
                trials=tuple(_running(trial) for trial in self._open.values()),
                stopping=stopping,
                outcome=outcome,
            )


def _running(trial: _Open) -> RunningTrial:
    proposal = trial.proposal
    steps = tuple(RunningStep(step.name, step.state, step.seconds) for step in trial.steps.values())
    return RunningTrial(proposal.number, proposal.role, trial_label(proposal), trial.started_at, steps)


def _log(step: StepChanged) -> StepLog:
    return StepLog(step.name, step.state, step.seconds, step.reason, step.host, step.log)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
