"""Generator and critic: the published sizes, ranges, and the sizes that are refused."""

import pytest
import torch

from trainables.generators.networks import ConvolutionalGenerator, Critic, stage_count


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_published_sizes() -> None:
    """5.14 M parameters of the generator and 4.32 M of the critic at 64x64 in colour, counted by hand."""
    dense = 100 * 8192 + 2 * 8192
    doublings = sum(25 * before * before // 2 + 2 * before // 2 for before in (512, 256, 128))
    assert parameters(ConvolutionalGenerator(100, 3, 64, 64)) == dense + doublings + 25 * 64 * 3 + 3
    halvings = sum(25 * before * 2 * before + 3 * 2 * before for before in (64, 128, 256))
    assert parameters(Critic(3, 64, 64)) == 25 * 3 * 64 + 64 + halvings + 512 * 16 + 1


@pytest.mark.parametrize(("channels", "resolution"), [(1, 8), (3, 32), (1, 64)])
def test_shapes_and_ranges(channels: int, resolution: int) -> None:
    generator, critic = ConvolutionalGenerator(5, channels, 4, resolution), Critic(channels, 4, resolution)
    pictures = generator(3 * torch.randn(6, 5))
    assert pictures.shape == (6, channels, resolution, resolution)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert critic(pictures).shape == (6,)


@pytest.mark.parametrize("resolution", [4, 3, 48, 0])
def test_other_sizes_are_refused(resolution: int) -> None:
    with pytest.raises(ValueError, match=f"{resolution}x{resolution}"):
        stage_count(resolution)
