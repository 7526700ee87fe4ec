"""A run whose own Ray has died ends: through Tune where that hears, else at once."""

import threading
from types import SimpleNamespace

import pytest
import ray._private.worker

from orchestrator.errors import ExitCode, Unreachable
from orchestrator.execution.ray import health
from orchestrator.execution.ray.health import HealthCallback, dead_processes, end_process, end_with_ray

pytestmark = pytest.mark.load


class Node:
    """A node of Ray's with so many processes that have ended."""

    def __init__(self, *dead):
        self.dead, self.killed = dead, False

    def dead_processes(self):
        return [(name, object()) for name in self.dead]

    def kill_all_processes(self, check_alive, allow_graceful):
        self.killed = True


@pytest.fixture
def node(monkeypatch):
    """Give the node of this process; its processes live until a test says otherwise."""
    one = Node()
    monkeypatch.setattr(ray._private.worker, "_global_node", one)
    monkeypatch.setattr(health, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(health, "GRACE_SECONDS", 0.05)
    return one


def test_only_what_no_step_can_do_without_counts(node, monkeypatch):
    node.dead = ("log_monitor", "raylet", "dashboard", "gcs_server")
    assert dead_processes() == ["gcs_server", "raylet"]
    monkeypatch.setattr(ray._private.worker, "_global_node", None)  # a cluster that was joined
    assert dead_processes() == []


def test_tune_is_ended_by_what_has_died_and_by_nothing_else(node):
    told = []
    callback = HealthCallback(told.append)
    callback.on_step_end(1, [])
    node.dead = ("raylet",)
    with pytest.raises(Unreachable, match=r"Ray's raylet .* the same command resumes the sweep") as caught:
        callback.on_step_end(2, [])
    assert told == [caught.value]


def test_a_run_that_does_not_end_by_itself_is_ended(node):
    ended, errors = threading.Event(), []

    def end(error):
        errors.append(error)
        ended.set()

    with end_with_ray(end):
        assert not ended.wait(0.3)
        node.dead = ("raylet",)
        assert ended.wait(60)
    assert ["raylet" in str(one) for one in errors] == [True]


def test_a_run_that_ends_in_time_is_left_alone(node, monkeypatch):
    monkeypatch.setattr(health, "GRACE_SECONDS", 60.0)
    errors = []
    with end_with_ray(errors.append):
        node.dead = ("raylet",)
        threading.Event().wait(0.1)
    assert errors == []


def test_the_end_takes_what_is_left_of_the_cluster_along(node, monkeypatch, caplog):
    codes = []
    monkeypatch.setattr(health, "os", SimpleNamespace(_exit=codes.append))
    end_process(health.ray_died_error(["gcs_server", "raylet"]))
    assert node.killed
    assert codes == [ExitCode.UNREACHABLE]
    assert "gcs_server and raylet" in caplog.text
