"""Credentials in the environment of a sweep on Ray reach no argument of a process, no log and no object."""

import contextlib
import secrets
import shutil
import tempfile
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from results import open_store
from tests.chaos.monkey import below
from tests.orchestrator.drivers import Driver

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "MarkerOfASecretKey0123456789",
    "AWS_SESSION_TOKEN": "MarkerOfASessionToken0123456789",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
}


@pytest.fixture
def home(monkeypatch):
    """A folder for temporary files with a path short enough for Ray's sockets."""
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder)


def has_secret(data):
    return any(secret.encode() in data for secret in SECRETS.values())


def holding(folder):
    """Return the files below ``folder`` that hold a secret."""
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # gone by now
            if path.is_file() and has_secret(path.read_bytes()):
                found.append(path)
    return found


def test_secrets_are_seen_nowhere(tmp_path, bucket, home, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    driver = Driver(tmp_path, bucket, "--workers", "2", seconds=0.5)
    seen = {}

    def look(one):
        seen.update(below(one.process.pid))
        seen[one.process.pid] = Path(f"/proc/{one.process.pid}/cmdline").read_text()
        return one

    driver.wait_for(lambda one: look(one).trials >= 2)
    driver.kill_one("ray::Coordinator")  # so that Ray has something to say
    driver.wait_for(lambda one: look(one).trials >= 4)
    driver.kill_one("ray::_task")  # it says nothing of a coordinator that was idle, but of a step always
    driver.wait_for(lambda one: look(one).trials >= 5)
    assert len(list(home.rglob("*.log"))) > 5  # Ray's own logs, gone when the sweep is over
    assert holding(home) == []
    code, _, errors = driver.ended()
    assert code == ExitCode.DONE, errors
    assert any(words.split(" ")[0].endswith("/raylet") for words in seen.values())
    assert [words for words in seen.values() if has_secret(words.encode())] == []
    assert not has_secret(errors.encode())
    store = open_store(bucket)
    assert store.list_paths("logs/ray/")
    assert [path for path in store.list_paths() if has_secret(store.get_bytes(path))] == []
    assert holding(tmp_path) == []
