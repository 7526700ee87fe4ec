"""Ray reads its settings when it is imported, which test modules do at their top: settle them before."""

import uuid

import pytest

from orchestrator.executors import prepare_ray
from tests.fixtures.buckets import bucket_server

prepare_ray("local")


@pytest.fixture
def bucket():
    """The URI of an empty place in a bucket of a server on loopback."""
    with bucket_server() as url:
        yield f"s3://sweeps/{uuid.uuid4().hex}?endpoint={url}"
