"""The live view: how far the sweep is, the steps of running trials, and the front so far."""

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestrator.execution.events import Proposal, StepChanged, TrialOutcome
from orchestrator.execution.phrases import step_text
from orchestrator.screens.progress import SearchState, Tally, tally_text, trial_label
from results import nondominated
from search_spaces import Sweep

FRONT_ROWS = 8
REFRESHES_PER_SECOND = 2


class LiveProgress:
    """Redraws one view in place; the finished view stays on the screen."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._running: dict[int, tuple[Proposal, dict[str, StepChanged]]] = {}
        self._tally: Tally | None = None
        self._live: Live | None = None

    def begin(self, sweep: Sweep, search: SearchState) -> None:
        """Open the view."""
        self._tally = Tally(sweep, search)
        self._live = Live(
            console=self._console, get_renderable=self.view, refresh_per_second=REFRESHES_PER_SECOND
        )
        self._live.start()

    def trial_started(self, proposal: Proposal) -> None:
        """Add a running trial."""
        self._running[proposal.number] = (proposal, {})

    def step_changed(self, proposal: Proposal, step: StepChanged) -> None:
        """Show the newest state of a step; print what it warns of above the view, where it stays."""
        self._running[proposal.number][1][step.name] = step
        if step.reason and step.state in {"done", "found"}:
            self._console.print(Text(f"warning: {step.name}: {step.reason}", style="yellow"))

    def trial_ended(self, proposal: Proposal, outcome: TrialOutcome) -> None:
        """Take the trial out; print the reason of a failure above the view, where it stays."""
        del self._running[proposal.number]
        if outcome.state == "failed":
            self._console.print(Text(f"trial {proposal.number} failed: {outcome.reason}", style="red"))

    def notice(self, text: str) -> None:
        """Print it above the view, where it stays."""
        self._console.print(Text(text, style="yellow"))

    def close(self) -> None:
        """Draw the view a last time and leave the terminal as it was."""
        if self._live:
            self._live.stop()
            self._live = None

    def view(self) -> Group:
        """Return the view as of now."""
        assert self._tally is not None
        return Group(*self._header(self._tally), self._running_table(), self._front_table(self._tally))

    def _header(self, tally: Tally) -> list[Text | ProgressBar]:
        title = f"{tally.sweep.space.name} on {tally.sweep.setup.name}  {tally_text(tally)}"
        return [Text(title, style="bold"), ProgressBar(total=tally.expected, completed=tally.ended, width=60)]

    def _running_table(self) -> Table:
        table = Table("trial", "running", "steps", box=None, pad_edge=False)
        for number, (proposal, steps) in sorted(self._running.items()):
            texts = ", ".join(step_text(step) for step in steps.values()) or "starting"
            table.add_row(str(number), Text(trial_label(proposal)), Text(texts))
        return table

    def _front_table(self, tally: Tally) -> Table:
        table = Table("front so far", "Acc", "worst AttAcc", box=None, pad_edge=False)
        for proposal, (acc, att_acc) in _front(tally.search)[:FRONT_ROWS]:
            table.add_row(Text(trial_label(proposal)), f"{100 * acc:.1f} %", f"{100 * att_acc:.1f} %")
        return table


def _front(search: SearchState) -> list[tuple[Proposal, tuple[float, float]]]:
    """Return the search trials on the front with their objectives, highest Acc first."""
    known = [
        (proposal, objectives)
        for proposal in search.proposals
        if proposal.role == "search"
        and proposal.number in search.outcomes
        and (objectives := search.outcomes[proposal.number].objectives)
    ]
    on_front = nondominated([objectives for _, objectives in known])
    front = [pair for pair, is_on in zip(known, on_front, strict=True) if is_on]
    return sorted(front, key=lambda pair: -pair[1][0])
