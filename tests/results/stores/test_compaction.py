"""Compaction: one file instead of many, and every row readable exactly once before, during and after."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from results.stores import s3_bucket
from results.stores.opening import open_store
from results.stores.store import Store
from tests.contracts.compaction_contract import EVERY_STEP, CompactionContract
from tests.fixtures.s3_servers import BUCKET, moto, nobody

SOME_STEPS = (0, 1, 2, 5)
"""Before the upload, before it is read back, before the first removal, and among the removals."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server of the S3 protocol on loopback, with one bucket."""
    with moto() as url:
        yield url


class TestInAFolder(CompactionContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return open_store(str(tmp_path / "runs"), create=True)


class TestInMemory(CompactionContract):
    @pytest.fixture
    def store(self) -> Store:
        return open_store(f"memory://{uuid.uuid4().hex}", create=True)


class TestInABucket(CompactionContract):
    rounds = 3

    @pytest.fixture
    def store(self, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
        nobody(monkeypatch)
        monkeypatch.setenv("TLDMI_SWEEP_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(s3_bucket, "pause", lambda attempt: 0.0)
        return open_store(f"s3://{BUCKET}/{uuid.uuid4().hex}/runs?endpoint={endpoint}", create=True)

    @pytest.mark.parametrize(
        "killed_at",
        [step if step in SOME_STEPS else pytest.param(step, marks=pytest.mark.slow) for step in EVERY_STEP],
    )
    def test_killed_at_any_step_every_row_is_there_once_and_it_can_be_run_again(
        self, store: Store, killed_at: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in a folder; each request takes its time, so a few steps stand for all in the quick tests."""
        super().test_killed_at_any_step_every_row_is_there_once_and_it_can_be_run_again(
            store, killed_at, monkeypatch
        )
