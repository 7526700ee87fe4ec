"""Noise that is a function of the picture: the same picture, the same noise, whatever else is in the batch.

A generator would give a row other noise in another batch; here each row hashes its own 8-bit values and
counts on from there (SplitMix64: Steele, Lea and Flood, OOPSLA 2014). Integers only, so the bits are those
of every device.
"""

import torch
from torch import Tensor

GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)
FIRST_FACTOR = 0xBF58476D1CE4E5B9 - (1 << 64)
SECOND_FACTOR = 0x94D049BB133111EB - (1 << 64)
"""The constants of SplitMix64, written as signed 64-bit integers."""


def picture_noise(pictures: Tensor, width: int) -> Tensor:
    """Return standard normal noise (B, width), one row for each of ``pictures`` (B, ...), of their type.

    Rows depend on their own picture alone, rounded to multiples of 1/255. No gradient flows through.

    >>> pictures = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> torch.equal(picture_noise(pictures, 5)[2:], picture_noise(pictures[2:], 5))
    True
    """
    with torch.no_grad():
        counter = torch.arange(1, width + 1, device=pictures.device) * GOLDEN
        bits = _mixed(_row_hashes(pictures)[:, None] + counter)
        uniform = (_shifted(bits, 11).double() + 0.5) / 2.0**53
        noise: Tensor = torch.special.ndtri(uniform).to(pictures.dtype)
    return noise


def _row_hashes(pictures: Tensor) -> Tensor:
    """Return int64 (B,): the sum of the 8-bit values times odd numbers, modulo 2^64."""
    values = (pictures.flatten(1) * 255).round().to(torch.int64)
    positions = torch.arange(1, values.shape[1] + 1, device=pictures.device) * GOLDEN
    return _mixed((values * (_mixed(positions) | 1)).sum(1))


def _mixed(state: Tensor) -> Tensor:
    state = (state ^ _shifted(state, 30)) * FIRST_FACTOR
    state = (state ^ _shifted(state, 27)) * SECOND_FACTOR
    return state ^ _shifted(state, 31)


def _shifted(state: Tensor, places: int) -> Tensor:
    """Return ``state`` shifted right as unsigned 64-bit integers are."""
    return (state >> places) & ((1 << (64 - places)) - 1)
