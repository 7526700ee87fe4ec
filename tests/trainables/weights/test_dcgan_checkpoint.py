"""The reader of the packaged generator's checkpoint."""

import io
import os
from typing import Any

import pytest
import torch

from trainables.weights.dcgan_checkpoint import CheckpointFormatError, generator_tensors


def saved(value: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


class Intruder:
    """An object that runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("exit 1",)


def test_tensors_come_back() -> None:
    state = {"main.0.weight": torch.randn(2, 3), "main.1.count": torch.tensor(7)}
    found = generator_tensors(saved({"netG_state_dict": state}))
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"netD_state_dict": {}}, "it holds \\['netD_state_dict'\\]"),
        (torch.zeros(1), "it holds Tensor"),
        ({"netG_state_dict": {"epoch": 3}}, "no tensors: epoch"),
        ({"netG_state_dict": Intruder()}, "tensors alone"),
    ],
)
def test_other_checkpoints_are_refused(value: Any, message: str) -> None:
    with pytest.raises(CheckpointFormatError, match=message):
        generator_tensors(saved(value))


@pytest.mark.parametrize("data", [b"", b"no checkpoint"])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(CheckpointFormatError):
        generator_tensors(data)
