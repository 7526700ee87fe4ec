"""Ray reads its settings when it is imported, which test modules do at their top: settle them before."""

import signal
import uuid

import pytest

from orchestrator.execution.executors import prepare_ray
from tests.fixtures.buckets import bucket_server

prepare_ray("local")


@pytest.fixture
def bucket():
    """The URI of an empty place in a bucket of a server on loopback."""
    with bucket_server() as url:
        yield f"s3://sweeps/{uuid.uuid4().hex}?endpoint={url}"


@pytest.fixture(autouse=True)
def ctrl_c_is_heard():
    """Let Ctrl-C mean what it means in a terminal: a process started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
