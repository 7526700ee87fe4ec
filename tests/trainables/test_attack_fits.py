"""What does not belong together is refused with a way out."""

import pytest
import torch
from torch import Tensor, nn

from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.attack import NotAttackable, attacked_classes, check_prior, check_target
from trainables.generators import GANPrior, Prior
from trainables.generators.preprocessing import ToTarget
from trainables.models.small_vgg import small_vgg

DATA = tiny_face_data(classes=3, resolution=16)


class Painter(nn.Module):
    """Makes pictures of one shape with pixels from ``low`` to ``high``."""

    def __init__(self, shape: tuple[int, int, int], low: float, high: float) -> None:
        super().__init__()
        count = shape[0] * shape[1] * shape[2]
        self.pixels = nn.Parameter(torch.linspace(low, high, count).view(shape))

    def forward(self, latents: Tensor) -> Tensor:
        """Return the same picture for each of ``latents``."""
        return self.pixels.expand(len(latents), -1, -1, -1)


def prior(shape: tuple[int, int, int], low: float = 0.0, high: float = 1.0) -> Prior:
    return GANPrior(Painter(shape, low, high), nn.Identity(), z_dim=2)


def test_classes_are_the_first_ones() -> None:
    assert attacked_classes(None, 3) == range(3)
    assert attacked_classes(2, 3) == range(2)


@pytest.mark.parametrize(("wanted", "classes"), [(0, 3), (-1, 3), (4, 3), (None, 0)])
def test_no_classes_and_too_many_are_refused(wanted: int | None, classes: int) -> None:
    with pytest.raises(NotAttackable, match=rf"have {classes} private classes; give 1 to {classes}"):
        attacked_classes(wanted, classes)


def test_a_target_of_other_classes_is_refused() -> None:
    check_target(small_vgg(3, 16), DATA)
    with pytest.raises(NotAttackable, match=r"has 5 classes.* has 3 private classes"):
        check_target(small_vgg(5, 16), DATA)


def test_a_prior_that_fits_is_taken() -> None:
    check_prior(prior((3, 16, 16)), DATA)
    check_prior(prior((3, 16, 16), 0.2, 0.4), DATA)


def test_pictures_of_another_size_are_taken_when_they_are_resized() -> None:
    large = prior((3, 40, 40))
    large.to_target = ToTarget(crop=32, side=16)
    check_prior(large, DATA)


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 16, 16)])
def test_a_prior_of_another_size_is_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(NotAttackable, match="a prior of that shape, or its resolution"):
        check_prior(prior(shape), DATA)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 255.0)])
def test_a_prior_of_another_range_is_refused(low: float, high: float) -> None:
    with pytest.raises(NotAttackable, match=r"in \[0, 1\] here"):
        check_prior(prior((3, 16, 16), low, high), DATA)
