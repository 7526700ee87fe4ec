"""Follows a run for other shells: what runs now, written into the store every few seconds."""

import os
import platform
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from orchestrator.execution.events import Proposal, StepChanged, TrialOutcome
from orchestrator.screens.progress import Progress, SearchState, Tally, trial_label
from results.sweeps.run_progress import RunningStep, RunningTrial, RunProgress
from results.sweeps.trial_logs import StepLog, TrialLog
from search_spaces import Sweep


@dataclass
class _Open:
    """A trial that runs."""

    proposal: Proposal
    started_at: str
    steps: dict[str, StepChanged] = field(default_factory=dict)


class RunRecorder:
    """Passes everything on to the view of the user, and remembers what runs."""

    def __init__(self, shown: Progress, run: str) -> None:
        self._shown = shown
        self._run = run
        self._started_at = _now()
        self._open: dict[int, _Open] = {}
        self._tally: Tally | None = None
        self._guard = threading.Lock()
        self.changes = 0
        """Raised with everything that happens."""

    def begin(self, sweep: Sweep, search: SearchState) -> None:
        """The sweep starts."""
        self._tally = Tally(sweep, search)
        self._shown.begin(sweep, search)

    def trial_started(self, proposal: Proposal) -> None:
        """A trial was handed out."""
        with self._guard:
            self._open[proposal.number] = _Open(proposal, _now())
            self.changes += 1
        self._shown.trial_started(proposal)

    def step_changed(self, proposal: Proposal, step: StepChanged) -> None:
        """A step of a trial started or ended."""
        with self._guard:
            self._open[proposal.number].steps[step.name] = step
            self.changes += 1
        self._shown.step_changed(proposal, step)

    def trial_ended(self, proposal: Proposal, outcome: TrialOutcome) -> None:
        """A trial ended and its row is written."""
        with self._guard:
            del self._open[proposal.number]
            self.changes += 1
        self._shown.trial_ended(proposal, outcome)

    def notice(self, text: str) -> None:
        """Something about the run as a whole."""
        self._shown.notice(text)

    def close(self) -> None:
        """The sweep ended or was interrupted."""
        self._shown.close()

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
        tally = self._tally
        with self._guard:
            return RunProgress(
                run=self._run,
                pid=os.getpid(),
                host=platform.node(),
                started_at=self._started_at,
                written_at=_now(),
                ended=tally.ended if tally else 0,
                failed=tally.failed if tally else 0,
                expected=tally.expected if tally else 0,
                seconds_left=tally.seconds_left if tally else None,
                trials=tuple(_running(trial) for trial in self._open.values()),
                stopping=stopping,
                outcome=outcome,
            )


def _running(trial: _Open) -> RunningTrial:
    proposal = trial.proposal
    steps = tuple(RunningStep(one.name, one.state, one.seconds) for one in trial.steps.values())
    return RunningTrial(proposal.number, proposal.role, trial_label(proposal), trial.started_at, steps)


def _log(step: StepChanged) -> StepLog:
    return StepLog(step.name, step.state, step.seconds, step.reason, step.host, step.log)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
