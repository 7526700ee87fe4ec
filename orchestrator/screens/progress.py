"""What the user sees while a sweep runs: a live view on a terminal, else one plain line per event."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from orchestrator.execution.events import Proposal, StepChanged, TrialOutcome
from orchestrator.execution.phrases import duration, outcome_text, step_text
from orchestrator.search.fixed_trials import confirmed_trials, search_trials
from results.labels import configuration_label
from search_spaces import Sweep, TargetConfig


class SearchState(Protocol):
    """What progress reads of the search."""

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """All proposals so far."""

    @property
    def outcomes(self) -> Mapping[int, TrialOutcome]:
        """All outcomes so far, by trial number."""

    @property
    def course_is_over(self) -> bool:
        """Whether every trial has been proposed."""


class Progress(Protocol):
    """Listens to a running sweep."""

    def begin(self, sweep: Sweep, search: SearchState) -> None:
        """The sweep starts; outcomes that ``search`` has already are from earlier runs."""

    def trial_started(self, proposal: Proposal) -> None:
        """A trial was handed out."""

    def step_changed(self, proposal: Proposal, step: StepChanged) -> None:
        """A step of a trial started or ended."""

    def trial_ended(self, proposal: Proposal, outcome: TrialOutcome) -> None:
        """A trial ended and its row is written."""

    def notice(self, text: str) -> None:
        """Something about the run as a whole; may come from another thread."""

    def close(self) -> None:
        """The sweep ended or was interrupted."""


class SilentProgress:
    """Shows nothing."""

    def begin(self, sweep: Sweep, search: SearchState) -> None:
        """Show nothing."""

    def trial_started(self, proposal: Proposal) -> None:
        """Show nothing."""

    def step_changed(self, proposal: Proposal, step: StepChanged) -> None:
        """Show nothing."""

    def trial_ended(self, proposal: Proposal, outcome: TrialOutcome) -> None:
        """Show nothing."""

    def notice(self, text: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


@dataclass
class Tally:
    """Counts of a running sweep, and how long the rest may take."""

    sweep: Sweep
    search: SearchState
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)
    found: int = field(init=False)
    """Trials that the store held when this run began."""

    def __post_init__(self) -> None:
        self.began = self.clock()
        self.found = self.ended

    @property
    def ended(self) -> int:
        """Trials with an outcome."""
        return len(self.search.outcomes)

    @property
    def failed(self) -> int:
        """Trials that failed."""
        return sum(outcome.state == "failed" for outcome in self.search.outcomes.values())

    @property
    def expected(self) -> int:
        """Trials of the whole sweep; an upper bound until the search has ended."""
        if self.search.course_is_over:
            return len(self.search.proposals)
        return max(sum(planned_trials(self.sweep).values()), len(self.search.proposals))

    @property
    def seconds_left(self) -> float | None:
        """Wall seconds until the end at the pace of this run, or ``None`` before its first trial ended."""
        here = self.ended - self.found
        return (self.clock() - self.began) / here * (self.expected - self.ended) if here else None


class PlainProgress:
    """Writes one line per event."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._tally: Tally | None = None

    def begin(self, sweep: Sweep, search: SearchState) -> None:
        """Say which sweep this is and how much of it the store holds."""
        self._tally = Tally(sweep, search)
        found = f", {self._tally.found} of them in the store" if self._tally.found else ""
        self._say(
            f"sweep {sweep.sweep_id}: {sweep.space.name} on {sweep.setup.name}, "
            f"up to {self._tally.expected} trials{found}"
        )

    def trial_started(self, proposal: Proposal) -> None:
        """Say what a trial tries."""
        self._say(f"trial {proposal.number} ({proposal.role}): {trial_label(proposal)}")

    def step_changed(self, proposal: Proposal, step: StepChanged) -> None:
        """Say that a step ended, and what it warns of; starts are not worth a line."""
        if step.reason or step.state not in {"started", "found"}:
            self._say(f"trial {proposal.number}: {step_text(step)}")

    def trial_ended(self, proposal: Proposal, outcome: TrialOutcome) -> None:
        """Say how a trial ended and how far the sweep is."""
        assert self._tally is not None
        self._say(f"trial {proposal.number}: {outcome_text(outcome)} [{tally_text(self._tally)}]")

    def notice(self, text: str) -> None:
        """Say it."""
        self._say(text)

    def close(self) -> None:
        """Nothing is left to say."""

    def _say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


def planned_trials(sweep: Sweep) -> dict[str, int]:
    """Return how many trials of each role the sweep may come to; a small front has fewer to confirm."""
    return {
        "search": search_trials(sweep),
        "control": len(sweep.space.control.kinds),
        "confirmation": confirmed_trials(sweep),
    }


def trial_label(proposal: Proposal) -> str:
    """Return the published name and the parameters of what a trial tries, with its seed when it confirms."""
    seed = f", seed {proposal.trial.target.seed}" if proposal.role == "confirmation" else ""
    return target_label(proposal.trial.target) + seed


def target_label(target: TargetConfig) -> str:
    """Return the published name and the parameters of a T's defence, or the name of a control."""
    return configuration_label({**target.defense.columns(), "control": target.control})


def tally_text(tally: Tally) -> str:
    """Return how far the sweep is, in a few words."""
    failed = f", {tally.failed} failed" if tally.failed else ""
    left = tally.seconds_left
    eta = f", about {duration(left)} left" if left else ""
    return f"{tally.ended} of {tally.expected}{failed}{eta}"
