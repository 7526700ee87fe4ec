"""Reads the parameters of a network that dlib serialised (``.dat``), as data.

The file is a nested stream; each layer with parameters writes its tag as a string, for ``fc_2`` two integers,
and then its parameter tensor. Layers come from the input on. Format: dlib's ``serialize.h`` and
``tensor_tools.cpp``.
"""

import math
import re

import torch
from torch import Tensor

TAG = re.compile(rb"\x01(?:\x05(con_4)|\x07(affine_)|\x04(fc_2))")
"""A string as dlib writes it: one byte that the length takes one byte, the length, the characters."""

INTEGERS_BEFORE_TENSOR = {"con_4": 0, "affine_": 0, "fc_2": 2}
TENSOR_VERSION = 2


class DlibFormatError(ValueError):
    """The bytes are not a dlib network of the known format."""


def parameter_tensors(data: bytes) -> dict[str, Tensor]:
    """Return the parameters of each layer of a dlib ``.dat`` network, in order from the input on.

    Keys are ``<position>.<tag>``, with positions from 0: ``0.con_4``, ``1.affine_``, ... Tensors are float32
    and flat except ``fc_2``, which is (inputs, outputs). ``con_4`` holds the filters (out, in, rows, columns)
    and then the biases, ``affine_`` the factors and then the offsets. Raises ``DlibFormatError``.
    """
    layers: dict[str, Tensor] = {}
    position = 0
    while found := TAG.search(data, position):
        tag = next(group for group in found.groups() if group).decode()
        position = found.end()
        for _ in range(INTEGERS_BEFORE_TENSOR[tag]):
            _, position = _integer(data, position)
        tensor, position = _tensor(data, position)
        layers[f"{len(layers)}.{tag}"] = tensor
    if not layers:
        raise DlibFormatError(f"no layer of a dlib network in {len(data)} bytes")
    return layers


def _integer(data: bytes, position: int) -> tuple[int, int]:
    """Return the integer at ``position`` and the position behind it.

    A control byte holds the number of little-endian bytes that follow (low four bits) and the sign (top).
    """
    if position >= len(data):
        raise DlibFormatError(f"the file ends at byte {len(data)}, inside an integer")
    control = data[position]
    count = control & 0x0F
    end = position + 1 + count
    if control & 0x70 or not 1 <= count <= 8 or end > len(data):
        raise DlibFormatError(f"no integer at byte {position}: control byte {control:#04x}")
    value = int.from_bytes(data[position + 1 : end], "little")
    return (-value if control & 0x80 else value), end


def _tensor(data: bytes, position: int) -> tuple[Tensor, int]:
    """Return the tensor at ``position``, without trailing dimensions of 1, and the position behind it."""
    start = position
    version, position = _integer(data, position)
    if version != TENSOR_VERSION:
        raise DlibFormatError(f"tensor at byte {start}: version {version}, only {TENSOR_VERSION} is known")
    shape = []
    for _ in range(4):
        size, position = _integer(data, position)
        shape.append(size)
    end = position + 4 * math.prod(shape)
    if min(shape) < 1 or end > len(data):
        raise DlibFormatError(f"tensor at byte {start}: shape {shape} does not fit {len(data)} bytes")
    values = torch.frombuffer(bytearray(data[position:end]), dtype=torch.float32)
    return values.view(_without_trailing_ones(shape)), end


def _without_trailing_ones(shape: list[int]) -> list[int]:
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return shape
