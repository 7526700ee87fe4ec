"""Weights that a user names are read as data, and refused with the setting that names them."""

from pathlib import Path

import pytest
import safetensors.torch
import torch

from search_spaces.files import FileUnusable, PinnedFile
from trainables.metrics.given_weights import given_weights

TENSORS = {"a": torch.arange(3.0), "b": torch.ones(2, 2)}


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_tensors_come_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights.{suffix}"
    if suffix == "pth":
        torch.save(TENSORS, path)
    else:
        safetensors.torch.save_file(TENSORS, path)
    found = given_weights(PinnedFile(path=path), "image_quality.inception")
    assert set(found) == {"a", "b"}
    assert all(torch.equal(found[name], tensor) for name, tensor in TENSORS.items())


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
@pytest.mark.parametrize("data", [b"", b"no tensors here"])
def test_other_bytes_are_refused_with_a_reason(tmp_path: Path, suffix: str, data: bytes) -> None:
    path = tmp_path / f"weights.{suffix}"
    path.write_bytes(data)
    with pytest.raises(FileUnusable, match=r"image_quality.inception: .* tensors alone \(.+\)") as caught:
        given_weights(PinnedFile(path=path), "image_quality.inception")
    assert "\n" not in str(caught.value)
    assert not str(caught.value).endswith("(unreadable)") or not str(caught.value.__cause__)


@pytest.mark.parametrize("held", [[torch.ones(1)], {"a": 1.0}, torch.ones(1)])
def test_a_file_of_something_else_than_named_tensors_is_refused(tmp_path: Path, held: object) -> None:
    torch.save(held, tmp_path / "weights.pth")
    with pytest.raises(FileUnusable, match="does not hold named tensors"):
        given_weights(PinnedFile(path=tmp_path / "weights.pth"), "image_quality.inception")
