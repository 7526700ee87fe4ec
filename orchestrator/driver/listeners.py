"""What listeners of a run hear, and what they can ask: how far the sweep is, and how trials are called."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.execution.events import Proposal, StepChanged, TrialEnded, TrialOutcome
from orchestrator.search.fixed_trials import planned_trials
from results.labels import configuration_label
from search_spaces import Sweep, TargetConfig


class TrialSource(Protocol):
    """Where trials come from: the search, or a list of trials to run again."""

    @property
    def finished(self) -> bool:
        """Whether every trial has an outcome."""

    @property
    def all_proposed(self) -> bool:
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
        """Return a trial to run now, or ``None`` while the next one depends on outcomes to come."""

    def tell(self, number: int, outcome: TrialOutcome) -> None:
        """Take notice of how a trial ended."""


@dataclass(frozen=True)
class SweepStarted:
    """The run of a sweep starts; outcomes that ``trials`` has already are from earlier runs."""

    sweep: Sweep
    trials: TrialSource


@dataclass(frozen=True)
class TrialStarted:
    """A trial was handed out."""

    proposal: Proposal


@dataclass(frozen=True)
class Notice:
    """A remark about the run as a whole; may come from another thread."""

    text: str


@dataclass(frozen=True)
class RunEnded:
    """The run ended or was interrupted; the last event of every run, also of one that never started."""


Event = SweepStarted | TrialStarted | StepChanged | TrialEnded | Notice | RunEnded
"""What happens in a run. ``TrialEnded`` comes after the row of the trial was written."""


class Listener(Protocol):
    """Follows a run."""

    def hear(self, event: Event) -> None:
        """Take notice of an event."""


@dataclass
class SweepCounts:
    """Counts of a running sweep, and how long the rest may take."""

    sweep: Sweep
    trials: TrialSource
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)
    in_store: int = field(init=False)
    """Trials that the store held when this run began."""

    def __post_init__(self) -> None:
        self.began = self.clock()
        self.in_store = self.ended

    @property
    def ended(self) -> int:
        """Trials with an outcome."""
        return len(self.trials.outcomes)

    @property
    def failed(self) -> int:
        """Trials that failed."""
        return sum(outcome.state == "failed" for outcome in self.trials.outcomes.values())

    @property
    def expected(self) -> int:
        """Trials of the whole sweep; an upper bound until the search has ended."""
        if self.trials.all_proposed:
            return len(self.trials.proposals)
        return max(sum(planned_trials(self.sweep).values()), len(self.trials.proposals))

    @property
    def seconds_left(self) -> float | None:
        """Wall seconds until the end at the pace of this run, or ``None`` before its first trial ended."""
        here = self.ended - self.in_store
        return (self.clock() - self.began) / here * (self.expected - self.ended) if here else None


def trial_label(proposal: Proposal) -> str:
    """Return the published name and the parameters of what a trial tries, with its seed if it confirms."""
    seed = f", seed {proposal.trial.target.seed}" if proposal.role == "confirmation" else ""
    return target_label(proposal.trial.target) + seed


def target_label(target: TargetConfig) -> str:
    """Return the published name and the parameters of a T's defence, or the name of a control."""
    return configuration_label({**target.defense.columns(), "control": target.control})
