"""What Tune keeps of ended trials is little, and enough for it to end the experiment."""

from types import SimpleNamespace

import pytest

from orchestrator.execution.ray import tune_memory as module
from orchestrator.execution.ray.tune_memory import (
    TRIALS_UNTIL_GIVEN_BACK,
    DropEndedTrials,
    drop_trial_state,
    give_back,
)


def trial(status):
    """A trial of Tune as far as it is read here, with much to forget."""
    return SimpleNamespace(
        trial_id="a1",
        evaluated_params={"trial": "x" * 5000},
        config={"trial": "x" * 5000},
        experiment_tag="1_trial=" + "x" * 5000,
        run_metadata=SimpleNamespace(
            last_result={"event": "x" * 5000}, metric_analysis={"a": {}}, metric_n_steps={"a": {}}
        ),
        status=status,
    )


def test_an_emptied_trial_holds_its_id_alone() -> None:
    one = trial("TERMINATED")
    drop_trial_state(one)
    assert len(str(one)) < 500
    assert one.run_metadata.last_result == {"trial_id": "a1", "done": True}


@pytest.mark.parametrize(("event", "status"), [("complete", "TERMINATED"), ("error", "ERROR")])
def test_a_trial_is_emptied_once_tune_has_ended_it_and_its_step_is_over(event: str, status: str) -> None:
    forgetting, one = DropEndedTrials(), trial("RUNNING")
    getattr(forgetting, f"on_trial_{event}")(1, [one], one)
    forgetting.on_step_end(1, [one])
    assert one.config
    one.status = status
    forgetting.on_step_end(2, [one])
    assert not one.config


def test_memory_is_given_back_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    monkeypatch.setattr(module, "give_back", lambda: given.append(True))
    forgetting = DropEndedTrials()
    for _ in range(2 * TRIALS_UNTIL_GIVEN_BACK + 1):
        one = trial("TERMINATED")
        forgetting.on_trial_complete(1, [one], one)
        forgetting.on_step_end(1, [one])
    assert len(given) == 2


def test_giving_back_is_left_out_where_the_system_has_no_such_function(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module.ctypes, "CDLL", lambda _: object())
    give_back()
