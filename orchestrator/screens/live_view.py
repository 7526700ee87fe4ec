"""The live view: how far the sweep is, the steps of running trials, and the front so far."""

from typing import assert_never

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestrator.driver.listeners import (
    Event,
    Notice,
    RunEnded,
    SweepCounts,
    SweepStarted,
    TrialSource,
    TrialStarted,
    trial_label,
)
from orchestrator.execution.events import Proposal, StepChanged, TrialEnded, TrialOutcome
from orchestrator.screens.plain_view import counts_text
from orchestrator.screens.text import step_text
from results import nondominated

FRONT_ROWS = 8
REFRESHES_PER_SECOND = 2


class LiveView:
    """Redraws one view in place; the finished view stays on the screen."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._running: dict[int, tuple[Proposal, dict[str, StepChanged]]] = {}
        self._counts: SweepCounts | None = None
        self._live: Live | None = None

    def hear(self, event: Event) -> None:
        """Show ``event``; what should stay on the screen is printed above the view."""
        match event:
            case SweepStarted(sweep, trials):
                self._close()
                self._open(SweepCounts(sweep, trials))
            case TrialStarted(proposal):
                self._running[proposal.number] = (proposal, {})
            case StepChanged():
                self._show_step(event)
            case TrialEnded(number, outcome):
                del self._running[number]
                self._show_failure(number, outcome)
            case Notice(text):
                self._console.print(Text(text, style="yellow"))
            case RunEnded():
                self._close()
            case _:
                assert_never(event)

    def _open(self, counts: SweepCounts) -> None:
        self._counts = counts
        self._live = Live(
            console=self._console, get_renderable=self.view, refresh_per_second=REFRESHES_PER_SECOND
        )
        self._live.start()

    def _close(self) -> None:
        """Draw the view a last time and leave the terminal as it was."""
        if self._live:
            self._live.stop()
            self._live = None

    def _show_step(self, step: StepChanged) -> None:
        _, steps = self._running[step.number]
        steps[step.name] = step
        if step.reason and step.state in {"done", "found"}:
            self._console.print(Text(f"warning: {step.name}: {step.reason}", style="yellow"))

    def _show_failure(self, number: int, outcome: TrialOutcome) -> None:
        if outcome.state == "failed":
            self._console.print(Text(f"trial {number} failed: {outcome.reason}", style="red"))

    def view(self) -> Group:
        """Return the view as of now."""
        assert self._counts is not None
        return Group(*self._header(self._counts), self._running_table(), self._front_table(self._counts))

    def _header(self, counts: SweepCounts) -> list[Text | ProgressBar]:
        title = f"{counts.sweep.space.name} on {counts.sweep.setup.name}  {counts_text(counts)}"
        return [
            Text(title, style="bold"),
            ProgressBar(total=counts.expected, completed=counts.ended, width=60),
        ]

    def _running_table(self) -> Table:
        table = Table("trial", "running", "steps", box=None, pad_edge=False)
        for number, (proposal, steps) in sorted(self._running.items()):
            texts = ", ".join(step_text(step) for step in steps.values()) or "starting"
            table.add_row(str(number), Text(trial_label(proposal)), Text(texts))
        return table

    def _front_table(self, counts: SweepCounts) -> Table:
        table = Table("front so far", "Acc", "worst AttAcc", box=None, pad_edge=False)
        for proposal, (acc, att_acc) in _front(counts.trials)[:FRONT_ROWS]:
            table.add_row(Text(trial_label(proposal)), f"{100 * acc:.1f} %", f"{100 * att_acc:.1f} %")
        return table


def _front(trials: TrialSource) -> list[tuple[Proposal, tuple[float, float]]]:
    """Return the search trials on the front with their objectives, highest Acc first."""
    known = [
        (proposal, objectives)
        for proposal in trials.proposals
        if proposal.role == "search"
        and proposal.number in trials.outcomes
        and (objectives := trials.outcomes[proposal.number].objectives)
        and not trials.outcomes[proposal.number].unfit
    ]
    on_front = nondominated([objectives for _, objectives in known])
    front = [pair for pair, is_on in zip(known, on_front, strict=True) if is_on]
    return sorted(front, key=lambda pair: -pair[1][0])
