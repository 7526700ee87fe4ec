"""The store in memory: the contract, and what ends with its process."""

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from results.errors import InvalidPath
from results.stores.opening import open_store
from results.stores.store import Store
from tests.contracts.store_contract import StoreContract

ROOT = Path(__file__).parent.parent.parent.parent


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def uri(self) -> str:
        return f"memory://{uuid.uuid4().hex}"

    def test_a_killed_writer_never_leaves_a_readable_half(self, store: Store) -> None:
        """Another process, killed or not, has another memory."""
        store.put_bytes("artifacts/a", b"1")
        look = "import sys; from results.stores.opening import open_store; open_store(sys.argv[1])"
        other = subprocess.run(
            [sys.executable, "-c", look, store.uri], cwd=ROOT, capture_output=True, text=True
        )
        assert "StoreMissing" in other.stderr


def test_stores_of_two_names_share_nothing() -> None:
    one, other = uuid.uuid4().hex, uuid.uuid4().hex
    open_store(f"memory://{one}", create=True).put_bytes("a", b"1")
    assert not open_store(f"memory://{other}", create=True).exists("a")


@pytest.mark.parametrize("uri", ["memory://", "memory://a/b", "memory://../a"])
def test_unusable_names_are_refused(uri: str) -> None:
    with pytest.raises(InvalidPath):
        open_store(uri)
