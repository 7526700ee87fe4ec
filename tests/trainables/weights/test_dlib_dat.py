"""The reader of dlib networks, against a writer of the format made from its description."""

import struct

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainables.weights.dlib_dat import DlibFormatError, _integer, parameter_tensors


def integer(value: int) -> bytes:
    size = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def string(text: str) -> bytes:
    return integer(len(text)) + text.encode()


def tensor(values: torch.Tensor, shape: tuple[int, int, int, int], version: int = 2) -> bytes:
    sizes = b"".join(integer(size) for size in shape)
    return integer(version) + sizes + struct.pack(f"<{values.numel()}f", *values.flatten().tolist())


CON, AFFINE, FC = torch.randn(40), torch.randn(300), torch.randn(5, 3)
NETWORK = (
    b"junk"
    + string("con_4")
    + tensor(CON, (40, 1, 1, 1))
    + string("relu_")
    + string("affine_")
    + tensor(AFFINE, (300, 1, 1, 1))
    + string("fc_2")
    + integer(3)
    + integer(5)
    + tensor(FC, (5, 3, 1, 1))
    + b"more"
)


def test_layers_come_in_order_with_their_values() -> None:
    layers = parameter_tensors(NETWORK)
    assert list(layers) == ["0.con_4", "1.affine_", "2.fc_2"]
    for found, expected in zip(layers.values(), (CON, AFFINE, FC), strict=True):
        assert torch.equal(found, expected)


def test_a_tag_inside_values_is_no_layer() -> None:
    hidden = torch.frombuffer(bytearray(string("con_4") + b"x"), dtype=torch.float32)
    layers = parameter_tensors(string("affine_") + tensor(hidden, (len(hidden), 1, 1, 1)))
    assert list(layers) == ["0.affine_"]


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_integers_are_read_as_they_were_written(value: int) -> None:
    data = b"??" + integer(value)
    assert _integer(data, 2) == (value, len(data))


@pytest.mark.parametrize("length", [0, 3, 12, 60, len(NETWORK) - 60])
def test_a_file_that_ends_early_is_refused(length: int) -> None:
    with pytest.raises(DlibFormatError):
        parameter_tensors(NETWORK[:length])


def test_another_version_is_refused() -> None:
    with pytest.raises(DlibFormatError, match="version 1"):
        parameter_tensors(string("con_4") + tensor(CON, (40, 1, 1, 1), version=1))
