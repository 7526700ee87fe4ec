"""The DCGAN generator and its packaged weights."""

import torch

from trainables.generators.dcgan import DCGANGenerator, load_digiface_dcgan


def test_grey_is_the_weighed_sum_of_colours() -> None:
    colour, grey = DCGANGenerator(channels=3).eval(), DCGANGenerator(channels=1).eval()
    grey.load_state_dict(colour.state_dict())
    latents = torch.randn(2, 100)
    red, green, blue = colour(latents).unbind(1)
    torch.testing.assert_close(grey(latents)[:, 0], 0.299 * red + 0.587 * green + 0.114 * blue)


def neighbour_correlation(pictures: torch.Tensor) -> float:
    centred = pictures - pictures.mean()
    return float((centred[..., 1:] * centred[..., :-1]).mean() / centred.square().mean())


def test_packaged_generator_makes_smooth_and_varied_pictures() -> None:
    """Without the weights they are noise of almost no contrast; with them neighbours are alike."""
    generator = DCGANGenerator(channels=1).eval()
    load_digiface_dcgan(generator)
    with torch.no_grad():
        pictures = generator(torch.randn(32, 100, generator=torch.Generator().manual_seed(0)))
    assert pictures.shape == (32, 1, 64, 64)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert neighbour_correlation(pictures) > 0.9
    assert pictures.std(0).mean() > 0.15
