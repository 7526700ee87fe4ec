"""Colours: each change against the standard library or plain loops, then their order and strengths."""

import colorsys
from itertools import permutations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from trainables.training.color_jitter import ColorJitter, brightened, contrasted, hue_turned, saturated

Pixel = tuple[float, float, float]
shares = st.floats(0, 1, width=16)
pixels = st.tuples(shares, shares, shares)


def picture(*values: Pixel) -> Tensor:
    """Return (1, 3, 1, n), float64, of n pixels."""
    return torch.tensor(values, dtype=torch.float64).T[None, :, None, :]


def one(value: float) -> Tensor:
    return torch.full((1, 1, 1, 1), value, dtype=torch.float64)


def grey(pixel: Pixel) -> float:
    return 0.2989 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]


def blend(value: float, other: float, factor: float) -> float:
    return min(max(factor * value + (1 - factor) * other, 0), 1)


@given(pixel=pixels, share=st.floats(-0.5, 0.5))
def test_hue_is_turned_as_the_standard_library_does(pixel: Pixel, share: float) -> None:
    hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
    expected = colorsys.hsv_to_rgb((hue + share) % 1, saturation, value)
    found = hue_turned(picture(pixel), one(share))
    assert found.flatten().tolist() == pytest.approx(expected, abs=1e-6)


@given(first=pixels, second=pixels, factor=st.floats(0, 2))
def test_brightness_contrast_and_saturation_pixel_by_pixel(
    first: Pixel, second: Pixel, factor: float
) -> None:
    image, mean = picture(first, second), (grey(first) + grey(second)) / 2
    bright = [min(value * factor, 1) for value in (*first, *second)]
    contrast = [blend(value, mean, factor) for value in (*first, *second)]
    colour = [blend(value, grey(pixel), factor) for pixel in (first, second) for value in pixel]
    for change, expected in ((brightened, bright), (contrasted, contrast), (saturated, colour)):
        found = change(image, one(factor))[0, :, 0].T.flatten().tolist()
        assert found == pytest.approx(expected, abs=1e-9), change.__name__


def test_pictures_of_a_batch_have_their_own_factors_and_order() -> None:
    """Each result is one of the 24 orders of the four changes with the factors that were drawn."""
    images = torch.rand(40, 3, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    strengths = (0.4, 0.4, 0.4, 0.3)
    jitter = ColorJitter(strengths, torch.Generator().manual_seed(2))
    drawn_order, factors = ColorJitter(strengths, torch.Generator().manual_seed(2))._drawn(40)
    found, used = jitter(images), set()
    changes = (brightened, contrasted, saturated, hue_turned)
    for row in range(40):
        matches = []
        for order in permutations(range(4)):
            image = images[row : row + 1]
            for number in order:
                image = changes[number](image, factors[row, number].double()[None, None, None, None])
            if torch.allclose(image[0], found[row], atol=1e-9):
                matches.append(order)
        assert tuple(drawn_order[row].tolist()) in matches
        used.add(tuple(drawn_order[row].tolist()))
    assert len(used) > 12


def test_factors_are_uniform_between_their_bounds() -> None:
    _, factors = ColorJitter((0.2, 1.5, 0.0, 0.1), torch.Generator().manual_seed(0))._drawn(20000)
    lowest, highest = factors.amin(0).tolist(), factors.amax(0).tolist()
    assert lowest == pytest.approx([0.8, 0.0, 1.0, -0.1], abs=2e-3)
    assert highest == pytest.approx([1.2, 2.5, 1.0, 0.1], abs=2e-3)
    assert factors.mean(0).tolist() == pytest.approx([1.0, 1.25, 1.0, 0.0], abs=0.02)


def test_grey_pictures_have_no_hue_and_no_saturation() -> None:
    images = torch.rand(3, 1, 4, 4)
    assert torch.equal(hue_turned(images, torch.full((3, 1, 1, 1), 0.3)), images)
    assert torch.equal(saturated(images, torch.full((3, 1, 1, 1), 0.3)), images)
    found = contrasted(images, torch.zeros(3, 1, 1, 1))
    assert torch.allclose(found, images.mean((1, 2, 3), keepdim=True).expand_as(images))


def test_no_strength_draws_nothing_and_changes_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    state, images = generator.get_state(), torch.rand(2, 3, 4, 4)
    assert ColorJitter((0.0, 0.0, 0.0, 0.0), generator)(images) is images
    assert torch.equal(generator.get_state(), state)


def test_the_batch_given_is_left_alone() -> None:
    images = torch.rand(4, 3, 4, 4)
    before = images.clone()
    ColorJitter((0.5, 0.5, 0.5, 0.5), torch.Generator().manual_seed(0))(images)
    assert torch.equal(images, before)
