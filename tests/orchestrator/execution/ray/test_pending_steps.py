"""Steps that wait for a machine that does not come are warned of after a minute, once for each wait."""

import logging
import threading

import pytest

from orchestrator.execution.ray import pending_steps
from orchestrator.execution.ray.pending_steps import PendingMonitor, warn_of_pending
from orchestrator.execution.resources import ResourceRequest

pytestmark = pytest.mark.load

HEAD, BOX = {"CPU": 2.0}, {"CPU": 8.0, "GPU": 1.0}
STEPS = {"training T": ResourceRequest(1, 1.0), "an attack": ResourceRequest(1, 0.5)}


def test_nothing_is_said_before_a_minute_has_passed() -> None:
    one = PendingMonitor(STEPS)
    assert [one.check([HEAD], now) for now in (0.0, 30.0, 59.9)] == [[], [], []]


def test_each_kind_of_step_is_named_once_with_what_is_short() -> None:
    one = PendingMonitor(STEPS)
    one.check([HEAD], 0.0)
    said = one.check([HEAD], 61.0)
    assert [text.split(" has waited")[0] for text in said] == ["training T", "an attack"]
    assert all("GPU: 0 on a node at most" in text for text in said)
    assert one.check([HEAD], 600.0) == []


def test_a_machine_that_comes_ends_the_wait_and_a_new_one_begins_when_it_goes() -> None:
    one = PendingMonitor(STEPS)
    one.check([HEAD], 0.0)
    assert one.check([HEAD, BOX], 50.0) == []
    assert one.check([HEAD], 70.0) == []
    assert len(one.check([HEAD], 131.0)) == 2


def test_what_fits_is_never_spoken_of() -> None:
    one = PendingMonitor({"training T": ResourceRequest(2, 0.0)})
    assert [one.check([HEAD], now) for now in (0.0, 100.0)] == [[], []]


def test_the_watch_warns_in_the_log_and_survives_a_head_that_is_gone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pending_steps, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(pending_steps, "PENDING_SECONDS", 0.0)
    looked = threading.Semaphore(0)
    answers = iter([ConnectionError("no head"), [HEAD]])

    def nodes():
        looked.release()
        answer = next(answers, [BOX])
        if isinstance(answer, Exception):
            raise answer
        return answer

    with caplog.at_level(logging.WARNING), warn_of_pending(STEPS, nodes):
        for _ in range(3):
            assert looked.acquire(timeout=60)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "training T" in caplog.text
