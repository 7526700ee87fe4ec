"""Budgets and the breaker say when a run is to stop, and never do for a healthy one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.driver.limits import FEWEST_STEPS_OF_A_HOST, LimitKeeper, Limits
from orchestrator.errors import InvalidRequest
from orchestrator.execution.events import StepChanged, TrialOutcome

DONE = TrialOutcome("done", None, 0.9, 0.1)


def failed(reason="target: CUDA error", host="gpu-7"):
    return TrialOutcome("failed", reason, host=host)


class Clock:
    """A clock that is set by hand, in hours."""

    hours = 0.0

    def __call__(self):
        return 3600 * self.hours


def play(keeper, outcomes):
    """Play trials one after the other and return what the breaker says after each."""
    said = []
    for number, outcome in enumerate(outcomes):
        keeper.trial_started(number)
        said.append(keeper.trial_ended(number, outcome))
    return said


def test_failures_in_a_row_stop_the_run_and_name_reason_and_host():
    said = play(LimitKeeper(Limits(failures_in_row=3)), [DONE, failed(), failed("gmi: other"), failed()])
    assert said[:3] == [None, None, None]
    assert said[3] == "3 trials in a row failed on host gpu-7: target: CUDA error (2 of 3)"


def test_failures_on_several_hosts_blame_none():
    said = play(LimitKeeper(Limits(failures_in_row=2)), [failed(host="a"), failed(host="b")])
    assert said[-1] == "2 trials in a row failed: target: CUDA error"


def test_failures_on_an_unknown_host_blame_none():
    said = play(LimitKeeper(Limits(failures_in_row=2)), [failed("gmi: why", host=None)] * 2)
    assert said[-1] == "2 trials in a row failed: gmi: why"


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 6))
def test_the_breaker_trips_exactly_when_so_many_fail_in_a_row(fails, most):
    said = play(LimitKeeper(Limits(failures_in_row=most)), [failed() if fail else DONE for fail in fails])
    rows = [all(fails[max(0, end - most) : end]) and end >= most for end in range(1, len(fails) + 1)]
    assert [one is not None for one in said] == rows


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [
        (Limits(failures_in_row=0), failed()),
        (Limits(failures_in_row=2), failed("target: utility floor: training accuracy is 0.1 after 5 epochs")),
        (Limits(), DONE),
    ],
)
def test_nothing_else_trips_it(limits, outcome):
    assert set(play(LimitKeeper(limits), [outcome] * 20)) == {None}


def steps(keeper, host, states):
    return [keeper.step_ended(StepChanged(0, "target", state, 1.0, "disk full", host)) for state in states]


def test_a_host_that_fails_while_another_does_not_is_named():
    keeper = LimitKeeper(Limits())
    steps(keeper, "good", ["done"] * 9)
    said = steps(keeper, "bad", ["failed"] * FEWEST_STEPS_OF_A_HOST)
    assert said[:-1] == [None] * (FEWEST_STEPS_OF_A_HOST - 1)
    assert said[-1] == "100% of the last steps on host bad failed: disk full"


@pytest.mark.parametrize(
    ("own", "others", "blamed"),
    [
        (["done"] * 5 + ["failed"] * 5, ["done"], True),  # exactly the share
        (["done"] * 5 + ["failed"] * 4, ["done"], False),
        (["failed"] * 5, ["failed", "done"], True),  # another fails too, but less
        (["failed"] * 5, ["failed"], False),  # as much elsewhere: no host is to blame
        (["done"] * 30 + ["failed"] * 10, ["done"], True),  # the last 20 steps count
        (["done"] * 30 + ["failed"] * 9, ["done"], False),
    ],
)
def test_a_host_is_blamed_from_its_share_of_the_steps_it_ended_last(own, others, blamed):
    keeper = LimitKeeper(Limits(host_failures=0.5))
    steps(keeper, "another", others)
    said = steps(keeper, "this", own)
    assert (said[-1] is not None) == blamed
    assert set(said[:-1]) == {None}


def test_a_training_that_is_given_up_as_asked_blames_no_host():
    keeper = LimitKeeper(Limits())
    steps(keeper, "good", ["done"])
    floor = StepChanged(
        0, "target", "failed", 1.0, "utility floor: validation accuracy is 0.1 after 5 epochs", "this"
    )
    assert {keeper.step_ended(floor) for _ in range(9)} == {None}
    said = [
        keeper.step_ended(StepChanged(0, "gmi", "failed", 1.0, f"error {number}", "this"))
        for number in range(9)
    ]
    assert said[-1] == "50% of the last steps on host this failed: error 0 (1 of 9)"


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_no_host_is_blamed_alone_or_when_switched_off(share):
    keeper = LimitKeeper(Limits(host_failures=share))
    if not share:
        steps(keeper, "good", ["done"] * 9)
    assert set(steps(keeper, "only", ["failed"] * 30)) == {None}


def test_a_found_step_says_nothing_about_a_host():
    keeper = LimitKeeper(Limits())
    steps(keeper, "good", ["done"] * 9)
    assert set(steps(keeper, "other", ["found", "started", "waiting"] * 9)) == {None}


def test_trials_are_counted():
    keeper = LimitKeeper(Limits(max_trials=2))
    assert keeper.before_start() is None
    play(keeper, [DONE, DONE])
    assert keeper.before_start() == "budget: --max-trials 2 is reached"


def test_time_is_measured_and_no_trial_starts_that_would_end_too_late():
    clock = Clock()
    keeper = LimitKeeper(Limits(max_hours=2), clock)
    keeper.trial_started(0)
    clock.hours = 0.8
    keeper.trial_ended(0, DONE)
    assert keeper.before_start() is None
    clock.hours = 1.3
    assert keeper.while_running() is None
    assert "--max-hours 2 is spent" in keeper.before_start()
    clock.hours = 2.5
    assert "--max-hours 2 is spent (2.5 h)" in keeper.while_running()


def test_money_is_time_at_a_price():
    clock = Clock()
    keeper = LimitKeeper(Limits(budget_usd=3, usd_per_hour=1.5, max_hours=10), clock)
    clock.hours = 1.9
    assert keeper.while_running() is None
    clock.hours = 2.1
    assert keeper.while_running() == "budget: --budget-usd 3 is spent (3.15 USD)"


def test_of_time_and_money_what_is_spent_first_is_named():
    clock = Clock()
    keeper = LimitKeeper(Limits(budget_usd=30, usd_per_hour=1.5, max_hours=2), clock)
    clock.hours = 2.0
    assert keeper.while_running() == "budget: --max-hours 2 is spent (2 h)"
    assert LimitKeeper(Limits(), clock).while_running() is None


@pytest.mark.parametrize("given", [{"budget_usd": 3.0}, {"usd_per_hour": 2.0}])
def test_money_needs_both_budget_and_price(given):
    with pytest.raises(InvalidRequest, match="given together"):
        Limits(**given)
