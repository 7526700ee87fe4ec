"""Random erasing: which pixels are painted over, with what, in which pictures, and when."""

import math

import pytest
import torch
from torch import Tensor

from search_spaces import seed_stream
from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOHSIC
from search_spaces.defenses.freezing import TLDMI
from search_spaces.defenses.random_erasing import RandomErasing
from tldmi_sweep.testing.defense_contract import DATA, RECIPE, SEED, DefenseContract, fresh_target
from trainables.defenses import BuiltDefense, build_defense
from trainables.defenses.random_erasing import ErasedSquares
from trainables.training.accuracy import unit_range
from trainables.training.augmentation import Augmentation
from trainables.training.training import Training

NORMALISED_FILL = (0.485, 0.456, 0.406)
"""What the published code paints on pictures normalised to [-1, 1]."""


class TestRandomErasing(DefenseContract):
    settings = RandomErasing()


class TestWithTLDMI(DefenseContract):
    settings = Defense.of(TLDMI(freeze_depth=1, frozen_bn="eval"), RandomErasing())


class TestWithBiDO(DefenseContract):
    settings = Defense.of(RandomErasing(), BiDOHSIC(lambda_x=0.01, lambda_y=0.1))


def noise(count: int, channels: int = 3, size: int = 24) -> Tensor:
    """Return pictures (count, channels, size, size) in which no pixel has the colour of the fill."""
    return 0.5 * torch.rand(count, channels, size, size, generator=torch.Generator().manual_seed(1))


def erased(images: Tensor, settings: RandomErasing, seed: int = SEED) -> Tensor:
    return ErasedSquares(settings, seed).pictures(images, torch.zeros(len(images), dtype=torch.int64))


def slowly_erased(images: Tensor, settings: RandomErasing, seed: int) -> Tensor:
    """Paint pixel by pixel, from the same draws."""
    generator = torch.Generator().manual_seed(seed_stream(seed, "random_erasing", "draws"))
    chosen, area, top, left = torch.rand(4, len(images), generator=generator, dtype=torch.float64).tolist()
    changed, size = images.clone(), images.shape[-1]
    for number in range(len(images)):
        if chosen[number] >= settings.erase_probability:
            continue
        share = settings.smallest_area + area[number] * (settings.largest_area - settings.smallest_area)
        side = round(math.sqrt(share * size * size))
        first_row = math.floor(top[number] * (size - side + 1))
        first_column = math.floor(left[number] * (size - side + 1))
        for row in range(first_row, first_row + side):
            for column in range(first_column, first_column + side):
                for channel in range(3):
                    changed[number, channel, row, column] = (1 + NORMALISED_FILL[channel]) / 2
    return changed


@pytest.mark.parametrize("probability", [1.0, 0.4])
def test_pictures_are_those_of_a_slow_reference(probability: float) -> None:
    settings = RandomErasing(erase_probability=probability)
    images = noise(40)
    assert torch.equal(erased(images, settings), slowly_erased(images, settings, SEED))


def test_every_picture_has_one_square_of_the_published_colour_after_normalising() -> None:
    settings = RandomErasing(largest_area=0.8)
    images = noise(300)
    normalised = (erased(images, settings) - 0.5) / 0.5
    changed = (normalised != (images - 0.5) / 0.5).all(1)
    shares = []
    for picture, where in zip(normalised, changed, strict=True):
        rows, columns = where.any(1).nonzero().flatten(), where.any(0).nonzero().flatten()
        assert int(where.sum()) == len(rows) * len(columns) == len(rows) ** 2
        assert rows[-1] - rows[0] + 1 == len(rows)
        for channel, level in enumerate(NORMALISED_FILL):
            assert picture[channel][where].tolist() == pytest.approx([level] * int(where.sum()), abs=1e-6)
        shares.append(float(where.float().mean()))
    assert 0.08 < min(shares) < 0.15
    assert 0.75 < max(shares) < 0.82
    assert sum(shares) / len(shares) == pytest.approx(0.45, abs=0.04)


def test_squares_lie_anywhere_in_the_picture() -> None:
    settings = RandomErasing(smallest_area=0.1, largest_area=0.1)
    images = noise(2000)
    changed = (erased(images, settings) != images).any(1)
    hits = changed.float().mean(0)
    assert hits[0, 0] > 0
    assert hits[-1, -1] > 0
    assert torch.allclose(hits, hits.flip(0), atol=0.05)
    assert torch.allclose(hits, hits.T, atol=0.05)


def test_about_as_many_pictures_are_erased_as_asked() -> None:
    images = noise(1000, size=16)
    changed = (erased(images, RandomErasing(erase_probability=0.3)) != images).flatten(1).any(1)
    assert changed.float().mean().item() == pytest.approx(0.3, abs=0.05)


def test_some_of_the_picture_always_stays() -> None:
    images = noise(50, size=8)
    settings = RandomErasing(smallest_area=0.98, largest_area=0.99)
    assert ((erased(images, settings) == images).flatten(1).any(1)).all()


def test_grey_pictures_get_the_mean_of_the_colour() -> None:
    images = noise(5, channels=1)
    found = erased(images, RandomErasing())
    painted = found[found != images]
    assert painted.tolist() == pytest.approx([sum((0.7425, 0.728, 0.703)) / 3] * len(painted), abs=1e-6)


def test_seeds_and_batches_draw_other_squares_and_the_same_seed_the_same() -> None:
    images, labels = noise(8), torch.zeros(8, dtype=torch.int64)
    one, same = ErasedSquares(RandomErasing(), 0), ErasedSquares(RandomErasing(), 0)
    first, second = one.pictures(images, labels), one.pictures(images, labels)
    assert not torch.equal(first, second)
    torch.manual_seed(99)
    assert torch.equal(same.pictures(images, labels), first)
    assert torch.equal(same.pictures(images, labels), second)
    assert not torch.equal(erased(images, RandomErasing(), seed=1), first)


class Watched(BuiltDefense):
    """Keeps what it is given and what it makes of it."""

    def __init__(self, built: BuiltDefense) -> None:
        super().__init__(*built.parts)
        self.before: list[Tensor] = []
        self.after: list[Tensor] = []

    def pictures(self, images: Tensor, labels: Tensor) -> Tensor:
        changed = super().pictures(images, labels)
        self.before.append(images)
        self.after.append(changed)
        return changed


def test_only_training_pictures_are_erased_and_after_the_augmentation() -> None:
    defense = Defense.of(RandomErasing())
    watched = Watched(build_defense(defense, SEED))
    model = watched.network(fresh_target())
    watched.prepare(model)
    train = DATA.private_train
    list(Training(model, watched, RECIPE, train, 4, 5).epochs())
    assert sum(map(len, watched.before)) == RECIPE.epochs * len(train)
    augmented = {bytes(image.numpy()) for image in torch.cat(watched.before)}
    possible = torch.cat([train.images, train.images.flip(-1)])
    assert augmented <= {bytes(image.numpy()) for image in unit_range(possible)}
    assert (torch.cat(watched.before) != torch.cat(watched.after)).flatten(1).any(1).all()
    assert not model.answers
    assert Augmentation(RECIPE, 5).streams.keys().isdisjoint(watched.state())


def test_no_output_of_a_frozen_prefix_takes_the_place_of_the_pictures() -> None:
    assert not build_defense(Defense.of(TLDMI(freeze_depth=2), RandomErasing()), 0).cacheable_prefix
    assert build_defense(Defense.of(TLDMI(freeze_depth=2)), 0).cacheable_prefix
