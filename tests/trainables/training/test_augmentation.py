"""Crops, cutout and mirroring, against slow references that go pixel by pixel."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from trainables.training.augmentation import GREY, Augmentation, _resampling, cut_out, random_crops
from trainables.training.recipe import Recipe


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int, size: int, seed: int = 0, channels: int = 3) -> Tensor:
    return torch.rand(count, channels, size, size, generator=generator(seed))


def recipe(**changes: object) -> Recipe:
    return Recipe(**{"epochs": 1, "batch_size": 2, "learning_rate": 0.1, "horizontal_flip": 0.0, **changes})


def slow_resized(image: Tensor, top: int, left: int, side: int) -> Tensor:
    """Cut the square out and resize it bilinearly, one output pixel after the other."""
    size, cut = image.shape[-1], image[:, top : top + side, left : left + side]
    result = torch.empty_like(image)
    for row in range(size):
        for column in range(size):
            y = min(max((row + 0.5) * side / size - 0.5, 0), side - 1)
            x = min(max((column + 0.5) * side / size - 0.5, 0), side - 1)
            above, before = math.floor(y), math.floor(x)
            below, after = min(above + 1, side - 1), min(before + 1, side - 1)
            upper = cut[:, above, before] * (1 - x + before) + cut[:, above, after] * (x - before)
            lower = cut[:, below, before] * (1 - x + before) + cut[:, below, after] * (x - before)
            result[:, row, column] = upper * (1 - y + above) + lower * (y - above)
    return result


@settings(max_examples=12)
@given(size=st.integers(2, 6), seed=st.integers(0, 2**32), smallest=st.floats(0.05, 0.95))
def test_crops_are_squares_of_the_picture_resized(size: int, seed: int, smallest: float) -> None:
    """One of the few squares that the recipe allows explains the crop, and it is the slow reference's."""
    image = pictures(1, size, seed)
    found = random_crops(image, smallest, generator(seed))[0]
    shortest = round(math.sqrt(smallest) * size)
    candidates = [
        slow_resized(image[0], top, left, side)
        for side in range(max(shortest, 1), size + 1)
        for top in range(size - side + 1)
        for left in range(size - side + 1)
    ]
    assert min(float((found - candidate).abs().max()) for candidate in candidates) < 1e-5


def test_crops_have_every_size_and_place_that_is_allowed() -> None:
    """A picture whose two channels are its row and column numbers shows where it was cut."""
    size, count = 16, 4000
    rows = torch.arange(16.0)[:, None].expand(size, size)
    found = random_crops(torch.stack([rows, rows.T]).expand(count, 2, size, size), 0.25, generator())
    sides = ((found[:, 0, 8, 0] - found[:, 0, 7, 0]) * size).round()
    assert sorted(sides.unique().tolist()) == list(range(8, 17))
    areas = (sides / size) ** 2
    assert areas.mean().item() == pytest.approx((1 + 0.25) / 2, abs=0.02)
    smallest = found[sides == 8]
    tops, lefts = smallest[:, 0, 0, 0].round(), smallest[:, 1, 0, 0].round()
    assert sorted(tops.unique().tolist()) == sorted(lefts.unique().tolist()) == list(range(9))
    assert abs(float(torch.corrcoef(torch.stack([tops, lefts]))[0, 1])) < 0.3


def test_every_pixel_of_a_crop_is_a_mean_of_pixels() -> None:
    weights = _resampling(torch.tensor([0.0, 2.0, 5.0]), torch.tensor([8.0, 5.0, 3.0]), 8)
    assert torch.allclose(weights.sum(2), torch.ones(3, 8))
    assert torch.equal(weights[0], torch.eye(8))
    assert torch.count_nonzero(weights[1, :, :2]) == torch.count_nonzero(weights[1, :, 7:]) == 0


@settings(max_examples=25)
@given(size=st.integers(2, 12), fraction=st.floats(0.05, 0.95), seed=st.integers(0, 2**32))
def test_cutout_is_one_grey_square_and_leaves_the_rest(size: int, fraction: float, seed: int) -> None:
    images = pictures(5, size, seed)
    found, side = cut_out(images, fraction, generator(seed)), int(size * fraction + 0.5)
    for before, after in zip(images, found, strict=True):
        grey = (after == GREY).all(0)
        assert torch.equal(after[:, ~grey], before[:, ~grey])
        rows, columns = grey.any(1).nonzero()[:, 0], grey.any(0).nonzero()[:, 0]
        assert int(grey.sum()) == len(rows) * len(columns)
        for places in (rows, columns):
            inside = len(places) and places.min() > 0 and places.max() < size - 1
            assert len(places) == side if inside else len(places) <= side


def test_the_square_is_centred_anywhere() -> None:
    found = cut_out(torch.zeros(3000, 1, 8, 8), 0.5, generator())
    rows = found[:, 0].amax(2) == GREY
    assert sorted(rows.sum(1).unique().tolist()) == [2, 3, 4]
    assert rows.float().mean(0).min() > 0.2


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0.0), (1.0, 1.0), (0.3, 0.3)])
def test_pictures_are_mirrored_with_the_probability(probability: float, share: float) -> None:
    images = torch.arange(4, dtype=torch.uint8).expand(1000, 1, 4, 4)
    found = Augmentation(recipe(horizontal_flip=probability), seed=1)(images)
    mirrored = (found[:, 0, 0, 0] > 0).double().mean().item()
    assert mirrored == pytest.approx(share, abs=0.05 if 0 < share < 1 else 0)


def test_without_changes_pictures_are_only_scaled() -> None:
    images = (pictures(3, 6) * 255).to(torch.uint8)
    assert torch.equal(Augmentation(recipe(), seed=1)(images), images.float() / 255)


EVERYTHING = recipe(horizontal_flip=0.5, crop_scale=0.5, color_jitter=(0.2, 0.2, 0.1, 0.1), cutout=0.3)


def test_the_same_seed_repeats_whatever_the_global_generator_and_another_does_not() -> None:
    images = (pictures(6, 8) * 255).to(torch.uint8)
    found = []
    for seed, state in ((1, 0), (1, 5), (2, 0)):
        torch.manual_seed(state)
        found.append(Augmentation(EVERYTHING, seed)(images))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_one_change_does_not_shift_the_draws_of_another() -> None:
    images = (pictures(6, 8) * 255).to(torch.uint8)
    plain = Augmentation(recipe(horizontal_flip=0.5), seed=3)
    full = Augmentation(EVERYTHING, seed=3)
    plain(images)
    full(images)
    assert torch.equal(plain.mirrored(50), full.mirrored(50))


@pytest.mark.parametrize("channels", [1, 3])
def test_everything_at_once_stays_a_picture(channels: int) -> None:
    images = (pictures(6, 8, channels=channels) * 255).to(torch.uint8)
    found = Augmentation(EVERYTHING, seed=3)(images)
    assert found.shape == images.shape
    assert found.dtype == torch.float32
    assert 0 <= float(found.min()) <= float(found.max()) <= 1
