"""Crop and resizing between a prior's pictures and T, against Pillow and gradients by hand."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from search_spaces.priors import WGANGP
from trainables.generators.preprocessing import ToTarget, resized_pictures, to_target


def picture(side: int) -> Tensor:
    return torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(side))


def by_pillow(image: Tensor, side: int) -> Tensor:
    pixels = Image.fromarray(image[0, 0].numpy(), mode="F").resize((side, side), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.asarray(pixels).copy())[None, None]


@pytest.mark.parametrize(("own", "side"), [(64, 20), (20, 64), (33, 14)])
def test_resizing_is_that_of_pillow(own: int, side: int) -> None:
    torch.testing.assert_close(ToTarget(None, side)(picture(own)), by_pillow(picture(own), side))


def test_the_centre_is_cut_out_first() -> None:
    image = picture(32)
    expected = by_pillow(image[..., 6:26, 6:26].contiguous(), 8)
    torch.testing.assert_close(ToTarget(20, 8)(image), expected)
    assert torch.equal(ToTarget(20, 20)(image), image[..., 6:26, 6:26])


def test_every_pixel_inside_the_crop_has_a_gradient_and_none_outside() -> None:
    image = picture(16).requires_grad_()
    ToTarget(12, 5)(image).sum().backward()
    assert image.grad is not None
    inside = torch.zeros(16, 16, dtype=torch.bool)
    inside[2:14, 2:14] = True
    assert (image.grad[0, 0][inside] > 0).all()
    assert (image.grad[0, 0][~inside] == 0).all()


def test_the_same_size_is_the_identity() -> None:
    assert isinstance(to_target(WGANGP(), 64), torch.nn.Identity)
    assert isinstance(to_target(WGANGP(resolution=64), 64), torch.nn.Identity)
    assert isinstance(to_target(WGANGP(crop=56), 64), ToTarget)
    assert isinstance(to_target(WGANGP(resolution=64), 224), ToTarget)


def test_public_pictures_are_resized_and_rounded() -> None:
    public = torch.randint(0, 256, (3, 1, 24, 24), generator=torch.Generator().manual_seed(0))
    public = public.to(torch.uint8)
    assert resized_pictures(public, 24) is public
    small = resized_pictures(public, 8)
    assert (small.dtype, small.shape) == (torch.uint8, (3, 1, 8, 8))
    exact = by_pillow(public[:1].float(), 8)
    assert (small[:1].float() - exact).abs().max() <= 0.5 + 1e-3
