"""Noise as a function of the picture: reproducible, independent of the batch, and standard normal."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainables.models.picture_noise import _mixed, picture_noise

WORD = (1 << 64) - 1


def split_mix(state: int) -> int:
    """Return the output function of SplitMix64 on unsigned integers."""
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & WORD
    return state ^ (state >> 31)


@given(st.integers(-(2**63), 2**63 - 1))
def test_bits_are_mixed_as_split_mix_does(state: int) -> None:
    assert int(_mixed(torch.tensor(state))) & WORD == split_mix(state & WORD)


def test_split_mix_is_the_published_generator() -> None:
    """The first outputs of SplitMix64 seeded with 1234567, from its reference implementation."""
    golden = 0x9E3779B97F4A7C15
    found = [split_mix((1234567 + count * golden) & WORD) for count in (1, 2, 3)]
    assert found == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def pictures(count: int = 64) -> torch.Tensor:
    values = torch.randint(0, 256, (count, 3, 8, 8), generator=torch.Generator().manual_seed(0))
    return values.float() / 255


@pytest.mark.parametrize("order", [torch.arange(64).flip(0), torch.tensor([5]), torch.tensor([7, 7, 0])])
def test_rows_belong_to_their_pictures(order: torch.Tensor) -> None:
    all_rows = picture_noise(pictures(), 20)
    assert torch.equal(picture_noise(pictures()[order], 20), all_rows[order])


def test_neither_rounding_nor_layout_matter() -> None:
    given_rows = picture_noise(pictures(), 20)
    rounded = pictures() + 1e-6 * torch.randn(64, 3, 8, 8)
    assert torch.equal(picture_noise(rounded, 20), given_rows)
    assert torch.equal(picture_noise(pictures().to(memory_format=torch.channels_last), 20), given_rows)


def test_one_step_of_one_value_is_other_noise() -> None:
    changed = pictures()[:1].clone()
    changed[0, 1, 2, 3] += 1 / 255
    difference = picture_noise(changed, 500) - picture_noise(pictures()[:1], 500)
    assert abs(float(difference.std()) - math.sqrt(2)) < 0.2


def test_it_is_standard_normal() -> None:
    noise = picture_noise(pictures(), 2000).double()
    assert abs(float(noise.mean())) < 0.01
    assert abs(float(noise.std()) - 1) < 0.01
    assert abs(float((noise**4).mean()) - 3) < 0.1
    for rows in (noise, noise.T[:64]):
        correlation = torch.corrcoef(rows).fill_diagonal_(0).abs().max()
        assert correlation < 6 / math.sqrt(rows.shape[1])


def test_the_global_generator_is_not_used() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = picture_noise(pictures(), 3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(picture_noise(pictures(), 3), first)
