"""What the user sees: plain lines, and a live view that never breaks the sweep."""

import io

import pytest
from rich.console import Console

from orchestrator.driver.listeners import (
    RunEnded,
    SweepCounts,
    SweepStarted,
    TrialStarted,
    trial_label,
)
from orchestrator.execution.events import StepChanged, TrialEnded, TrialOutcome
from orchestrator.screens.live_view import LiveView
from orchestrator.screens.plain_view import PlainView
from orchestrator.screens.text import duration, step_text
from orchestrator.search.search import Proposer
from tests.orchestrator.small_sweeps import small_sweep

DONE = TrialOutcome("done", None, 0.925, 0.31)
FAILED = TrialOutcome("failed", "target: the [bold]loss[/bold] is NaN")


def play(listener, outcomes):
    """Play the first trials of a sweep to ``listener``."""
    sweep = small_sweep()
    proposer = Proposer(sweep)
    listener.hear(SweepStarted(sweep, proposer))
    for outcome in outcomes:
        proposal = proposer.next()
        listener.hear(TrialStarted(proposal))
        listener.hear(StepChanged(proposal.number, "target", "started"))
        listener.hear(StepChanged(proposal.number, "target", outcome.state, 12.34, outcome.reason))
        proposer.tell(proposal.number, outcome)
        listener.hear(TrialEnded(proposal.number, outcome))
    return proposer


def test_plain_progress_is_one_line_per_event() -> None:
    stream = io.StringIO()
    play(PlainView(stream), [DONE, FAILED])
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("up to 9 trials")
    assert lines[1] == "trial 0 (search): No-Def"
    assert lines[2] == "trial 0: target done in 12.3 s"
    assert lines[3].startswith("trial 0: done: Acc 92.5 %, worst AttAcc 31.0 % [1 of 9")
    assert "1 failed" in lines[-1]


def test_the_live_view_shows_running_trials_their_steps_and_the_front() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120, color_system=None)
    view = LiveView(console)
    proposer = play(view, [DONE])
    running = proposer.next()
    view.hear(TrialStarted(running))
    view.hear(StepChanged(running.number, "gmi", "started"))
    with console.capture() as capture:
        console.print(view.view())
    view.hear(RunEnded())
    shown = capture.get()
    for part in ("small on orl_faces", "1 of 9", "BiDO-HSIC", "gmi started", "No-Def", "92.5 %", "31.0 %"):
        assert part in shown


def test_the_live_view_leaves_reasons_of_failures_on_the_screen_as_plain_text() -> None:
    stream = io.StringIO()
    view = LiveView(Console(file=stream, force_terminal=True, width=120, color_system=None))
    play(view, [FAILED])
    view.hear(RunEnded())
    assert "trial 0 failed: target: the [bold]loss[/bold] is NaN" in stream.getvalue()


def test_the_end_of_a_run_that_never_started_writes_nothing() -> None:
    stream = io.StringIO()
    LiveView(Console(file=stream)).hear(RunEnded())
    assert stream.getvalue() == ""


def test_time_left_follows_the_pace_of_this_run() -> None:
    now = [100.0]
    sweep = small_sweep()
    proposer = Proposer(sweep)
    counts = SweepCounts(sweep, proposer, clock=lambda: now[0])
    assert counts.seconds_left is None
    proposer.tell(proposer.next().number, DONE)
    now[0] = 110.0
    assert counts.expected == 9
    assert counts.seconds_left == pytest.approx(80.0)


def test_trials_of_earlier_runs_do_not_count_for_the_pace() -> None:
    sweep = small_sweep()
    proposer = Proposer(sweep)
    proposer.tell(proposer.next().number, DONE)
    counts = SweepCounts(sweep, proposer)
    assert (counts.in_store, counts.seconds_left) == (1, None)


def test_a_confirmation_is_labelled_with_its_seed_and_a_control_by_its_name() -> None:
    proposer = Proposer(small_sweep())
    while not proposer.finished:
        proposal = proposer.next()
        proposer.tell(proposal.number, DONE)
    labels = {proposal.role: trial_label(proposal) for proposal in proposer.proposals}
    assert labels["confirmation"].endswith(", seed 1")
    assert "permuted labels" in labels["control"]


def test_states_of_steps_are_said_in_words() -> None:
    assert step_text(StepChanged(0, "generator", "waiting")) == "generator is being built by another trial"
    assert step_text(StepChanged(0, "gmi", "failed", 1.0, "it diverged")) == "gmi failed: it diverged"


WEAK = "sface recognises only 85.0 % of the real private test pictures (below 90 %)"


@pytest.mark.parametrize("state", ["done", "found"])
def test_warnings_of_steps_that_went_well_are_shown(state: str) -> None:
    warned = StepChanged(0, "evaluator face_embedding", state, 3.0, WEAK)
    proposal = Proposer(small_sweep()).next()
    plain, live = io.StringIO(), io.StringIO()
    PlainView(plain).hear(warned)
    view = LiveView(Console(file=live, force_terminal=True, width=200, color_system=None))
    view.hear(TrialStarted(proposal))
    view.hear(warned)
    for stream in (plain, live):
        assert WEAK in stream.getvalue()
        assert "warning" in stream.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (90, "2 min"), (3600, "1 h 00 min"), (9000, "2 h 30 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
