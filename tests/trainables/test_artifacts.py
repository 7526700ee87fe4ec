"""Tensors in the store come back bit for bit, or not at all."""

from pathlib import Path

import pytest
import torch

from results.store import Store, open_store
from trainables.artifacts import ArtifactCorrupt, load_tensors, save_tensors

PATH = "artifacts/targets/a.safetensors"
TENSORS = {"weight": torch.randn(3, 4, generator=torch.Generator().manual_seed(0)), "count": torch.tensor(7)}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "runs"), create=True)


def test_round_trip(store: Store) -> None:
    sha256 = save_tensors(store, PATH, TENSORS)
    loaded = load_tensors(store, PATH, sha256)
    assert set(loaded) == set(TENSORS)
    assert all(
        torch.equal(loaded[name], tensor) and loaded[name].dtype == tensor.dtype
        for name, tensor in TENSORS.items()
    )


def test_views_and_gradients_are_no_obstacle(store: Store) -> None:
    weight = torch.arange(12.0).reshape(3, 4).requires_grad_()
    save_tensors(store, PATH, {"transposed": weight.T})
    assert torch.equal(load_tensors(store, PATH)["transposed"], weight.detach().T)


def test_the_bytes_do_not_depend_on_the_order_of_names(store: Store) -> None:
    assert save_tensors(store, PATH, TENSORS) == save_tensors(store, PATH, dict(reversed(TENSORS.items())))


def test_another_file_is_refused(store: Store) -> None:
    sha256 = save_tensors(store, PATH, TENSORS)
    save_tensors(store, PATH, {"weight": torch.zeros(1)})
    with pytest.raises(ArtifactCorrupt, match=sha256):
        load_tensors(store, PATH, sha256)


def test_what_is_no_safetensors_file_is_refused(store: Store) -> None:
    store.put_bytes(PATH, b"not tensors")
    with pytest.raises(ArtifactCorrupt, match="no safetensors file"):
        load_tensors(store, PATH)
