"""Tensors in the store come back bit for bit, or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor

from results.stores.opening import open_store
from results.stores.store import Store
from trainables.storage.artifacts import (
    ArtifactCorrupt,
    ArtifactRebuilt,
    intact,
    load_or_build,
    load_tensors,
    save_tensors,
)

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
    with pytest.raises(ArtifactCorrupt, match="not a safetensors file"):
        load_tensors(store, PATH)


def flipped(store: Store) -> None:
    """Flip one bit of the last number in the file."""
    data = bytearray(store.get_bytes(PATH))
    data[-2] ^= 1
    store.put_bytes(PATH, bytes(data))


def test_a_flipped_bit_is_noticed_without_a_row_that_knows_the_hash(store: Store) -> None:
    save_tensors(store, PATH, TENSORS)
    assert intact(store, PATH)
    flipped(store)
    with pytest.raises(ArtifactCorrupt, match="not what was written"):
        load_tensors(store, PATH)


def test_a_changed_name_is_noticed(store: Store) -> None:
    save_tensors(store, PATH, TENSORS)
    store.put_bytes(PATH, store.get_bytes(PATH).replace(b'"weight"', b'"weighs"'))
    with pytest.raises(ArtifactCorrupt, match="not what was written"):
        load_tensors(store, PATH)


def test_a_file_of_another_writer_has_no_hash_to_check(store: Store) -> None:
    store.put_bytes(PATH, safetensors.torch.save(TENSORS))
    assert set(load_tensors(store, PATH)) == set(TENSORS)


@pytest.mark.parametrize("harm", [flipped, lambda store: store.put_bytes(PATH, b"PK")])
def test_what_is_corrupt_is_built_again_with_a_warning(store: Store, harm: Callable[[Store], None]) -> None:
    built: list[int] = []

    def build() -> dict[str, Tensor]:
        built.append(1)
        return TENSORS

    load_or_build(store, PATH, build)
    load_or_build(store, PATH, build)
    assert len(built) == 1
    before = store.get_bytes(PATH)
    harm(store)
    with pytest.warns(ArtifactRebuilt, match="built again"):
        again = load_or_build(store, PATH, build)
    assert len(built) == 2
    assert store.get_bytes(PATH) == before
    assert torch.equal(again["weight"], TENSORS["weight"])


def test_what_is_missing_is_not_intact_and_costs_no_warning(
    store: Store, recwarn: pytest.WarningsRecorder
) -> None:
    assert not intact(store, PATH)
    assert len(recwarn) == 0
