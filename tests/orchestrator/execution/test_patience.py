"""Steps that wait for a machine that does not come are warned of after a minute, once for each wait."""

import logging
import threading

import pytest

from orchestrator.execution import patience
from orchestrator.execution.patience import Patience, watched
from orchestrator.execution.resources import ResourceRequest

pytestmark = pytest.mark.load

HEAD, BOX = {"CPU": 2.0}, {"CPU": 8.0, "GPU": 1.0}
STEPS = {"training T": ResourceRequest(1, 1.0), "an attack": ResourceRequest(1, 0.5)}


def test_nothing_is_said_before_a_minute_has_passed():
    one = Patience(STEPS)
    assert [one.look([HEAD], now) for now in (0.0, 30.0, 59.9)] == [[], [], []]


def test_each_kind_of_step_is_named_once_with_what_is_short():
    one = Patience(STEPS)
    one.look([HEAD], 0.0)
    said = one.look([HEAD], 61.0)
    assert [text.split(" waits")[0] for text in said] == ["training T", "an attack"]
    assert all("GPU: 0 on a node at most" in text for text in said)
    assert one.look([HEAD], 600.0) == []


def test_a_machine_that_comes_ends_the_wait_and_a_new_one_begins_when_it_goes():
    one = Patience(STEPS)
    one.look([HEAD], 0.0)
    assert one.look([HEAD, BOX], 50.0) == []
    assert one.look([HEAD], 70.0) == []
    assert len(one.look([HEAD], 131.0)) == 2


def test_what_fits_is_never_spoken_of():
    one = Patience({"training T": ResourceRequest(2, 0.0)})
    assert [one.look([HEAD], now) for now in (0.0, 100.0)] == [[], []]


def test_the_watch_warns_in_the_log_and_survives_a_head_that_is_gone(monkeypatch, caplog):
    monkeypatch.setattr(patience, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(patience, "PATIENT_SECONDS", 0.0)
    looked = threading.Semaphore(0)
    answers = iter([ConnectionError("no head"), [HEAD]])

    def nodes():
        looked.release()
        answer = next(answers, [BOX])
        if isinstance(answer, Exception):
            raise answer
        return answer

    with caplog.at_level(logging.WARNING), watched(STEPS, nodes):
        for _ in range(3):
            assert looked.acquire(timeout=60)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "training T" in caplog.text
