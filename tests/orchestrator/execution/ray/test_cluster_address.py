"""``--address auto`` says at once when the cluster that Ray would join does not answer."""

import time
from pathlib import Path

import pytest

from orchestrator.errors import Unreachable
from orchestrator.execution.ray import cluster
from orchestrator.execution.ray.cluster import connect_cluster
from orchestrator.execution.resources import ClusterSettings
from tests.fixtures.deaf_port import deaf_port

pytestmark = pytest.mark.load

AT_ONCE_SECONDS = 60
"""Far more than it takes on a busy machine; Ray itself would try for minutes."""


@pytest.fixture
def deaf():
    """An address at which nothing listens."""
    with deaf_port() as port:
        yield f"127.0.0.1:{port}"


def refused(tmp_path):
    """Return what is said of ``auto``, and how long it took."""
    started = time.monotonic()
    with pytest.raises(Unreachable) as error, connect_cluster(ClusterSettings(address="auto"), 1, tmp_path):
        pass
    return str(error.value), time.monotonic() - started


def test_the_head_of_the_environment_is_knocked_at(tmp_path, monkeypatch, deaf):
    monkeypatch.setenv("RAY_ADDRESS", deaf)
    said, seconds = refused(tmp_path)
    assert f"no Ray cluster at '{deaf}'" in said
    assert seconds < AT_ONCE_SECONDS


def test_the_head_that_started_last_on_this_machine_is_knocked_at(tmp_path, monkeypatch, deaf):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text(f"{deaf}\n")
    said, seconds = refused(tmp_path)
    assert f"no Ray cluster at '{deaf}'" in said
    assert seconds < AT_ONCE_SECONDS


def test_without_a_head_there_is_nothing_to_knock_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    knocked = []
    monkeypatch.setattr(cluster, "_knock", knocked.append)
    monkeypatch.setattr(cluster, "_init", lambda **_: (_ for _ in ()).throw(ConnectionError("none here")))
    assert "none here" in refused(tmp_path)[0]
    assert knocked == ["auto"]


def test_a_cluster_of_our_own_that_starts_too_slowly_is_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _too_slow(**_options):
        raise Exception("The current node timed out during startup")

    monkeypatch.setattr(cluster, "_init", _too_slow)
    with (
        pytest.raises(Unreachable, match="timed out during startup; free memory"),
        connect_cluster(ClusterSettings(address="local"), 1, tmp_path),
    ):
        pass
