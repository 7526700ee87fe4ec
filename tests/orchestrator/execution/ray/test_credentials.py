"""Credentials of the driver reach steps on other machines as arguments, and never what Ray logs."""

import os

import pytest
from ray.tune.execution import class_cache

from orchestrator.execution.ray import credentials as module
from orchestrator.execution.ray.credentials import CREDENTIALS, apply_credentials, credentials, keep_from_logs
from orchestrator.execution.ray.experiment import RemoteWork, _task
from results import open_store
from search_spaces import canonical_json
from search_spaces.defenses import Defense
from tests.orchestrator.small_sweeps import small_sweep
from trainables.build import StepOutcome


@pytest.fixture
def environment(monkeypatch):
    """An environment with two credentials."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    given = {"AWS_ACCESS_KEY_ID": "a-key", "AWS_SECRET_ACCESS_KEY": "a-secret"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


def test_what_is_there_is_handed_on_and_taken(environment, monkeypatch):
    assert credentials() == environment
    monkeypatch.setattr(module.os, "environ", {"AWS_SECRET_ACCESS_KEY": "another", "HOME": "/"})
    apply_credentials(environment)
    assert os.environ == {**environment, "HOME": "/"}


def test_a_step_finds_what_was_handed_on(environment, monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of the node")
    found = {}

    def build(piece, store):
        found.update(credentials())
        return StepOutcome("found")

    open_store("memory://credentials", create=True)
    work = RemoteWork(build, "memory://credentials", (), {"AWS_SESSION_TOKEN": "of the driver"})
    _task._function(work, canonical_json(small_sweep().trial(Defense(), 0).target), 0.0)
    assert found == {**environment, "AWS_SESSION_TOKEN": "of the driver"}


def test_tune_puts_no_credentials_into_the_environment_that_ray_logs(environment, monkeypatch):
    class Trainable:
        """Something that Tune makes an actor of."""

    monkeypatch.setattr(class_cache.ray, "remote", lambda runtime_env: lambda made: runtime_env)
    leaked = class_cache._ActorClassCache().get(Trainable)["env_vars"]
    keep_from_logs()
    kept = class_cache._ActorClassCache().get(Trainable)["env_vars"]
    assert not CREDENTIALS & kept.keys()
    assert {**kept, **environment} == {**leaked, **environment}
