"""A running sweep as plain lines, one for each event."""

import sys
from typing import TextIO, assert_never

from orchestrator.driver.listeners import (
    Event,
    Notice,
    RunEnded,
    SweepCounts,
    SweepStarted,
    TrialStarted,
    trial_label,
)
from orchestrator.execution.events import StepChanged, TrialEnded
from orchestrator.screens.text import duration, outcome_text, step_text


class PlainView:
    """Writes one line per event; the start of a step is not worth one."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._counts: SweepCounts | None = None

    def hear(self, event: Event) -> None:
        """Write a line about ``event``."""
        match event:
            case SweepStarted():
                self._begin(event)
            case TrialStarted(proposal):
                self._say(f"trial {proposal.number} ({proposal.role}): {trial_label(proposal)}")
            case StepChanged(reason=reason, state=state):
                if reason or state not in {"started", "found"}:
                    self._say(f"trial {event.number}: {step_text(event)}")
            case TrialEnded(number, outcome):
                so_far = f" [{counts_text(self._counts)}]" if self._counts else ""
                self._say(f"trial {number}: {outcome_text(outcome)}{so_far}")
            case Notice(text):
                self._say(text)
            case RunEnded():
                pass
            case _:
                assert_never(event)

    def _begin(self, event: SweepStarted) -> None:
        """Say which sweep this is and how much of it the store holds."""
        sweep, counts = event.sweep, SweepCounts(event.sweep, event.trials)
        self._counts = counts
        in_store = f", {counts.in_store} of them in the store" if counts.in_store else ""
        self._say(
            f"sweep {sweep.sweep_id}: {sweep.space.name} on {sweep.setup.name}, "
            f"up to {counts.expected} trials{in_store}"
        )

    def _say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


def counts_text(counts: SweepCounts) -> str:
    """Return how far the sweep is, in a few words."""
    failed = f", {counts.failed} failed" if counts.failed else ""
    left = counts.seconds_left
    eta = f", about {duration(left)} left" if left else ""
    return f"{counts.ended} of {counts.expected}{failed}{eta}"
