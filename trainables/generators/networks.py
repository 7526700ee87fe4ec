"""Generator and critic of GMI (Zhang et al., CVPR 2020) at any power-of-two size from 8x8 on."""

from itertools import pairwise

from torch import Tensor, nn

SMALLEST = 4
"""Side of the feature maps between the dense layer and the convolutions."""


def stage_count(resolution: int) -> int:
    """Return how many doublings lead from 4x4 to ``resolution``. Raises ``ValueError`` when none do.

    >>> stage_count(64)
    4
    """
    stages = (resolution // SMALLEST).bit_length() - 1
    if stages < 1 or SMALLEST * 2**stages != resolution:
        raise ValueError(
            f"pictures of {resolution}x{resolution}: generators make 8, 16, 32, 64, ... pixels a side"
        )
    return stages


class ConvolutionalGenerator(nn.Module):
    """Latents (B, z_dim) to pictures (B, channels, S, S) in [0, 1].

    Linear, BatchNorm1d, ReLU to maps of 4x4, then 5x5 transposed convolutions of stride 2, each but the last
    with BatchNorm2d and ReLU, halving the channels down to ``width``; a sigmoid at the end. With ``width`` 64
    and S = 64 it is the published generator.
    """

    def __init__(self, z_dim: int, channels: int, width: int, resolution: int) -> None:
        super().__init__()
        stages = stage_count(resolution)
        widths = [width * 2 ** (stages - 1 - stage) for stage in range(stages)]
        flat = widths[0] * SMALLEST**2
        self.dense = nn.Sequential(nn.Linear(z_dim, flat, bias=False), nn.BatchNorm1d(flat), nn.ReLU())
        self.unflatten = nn.Unflatten(1, (widths[0], SMALLEST, SMALLEST))
        doublings = [_doubling(before, after) for before, after in pairwise(widths)]
        self.convolutions = nn.Sequential(
            *doublings, _transposed(widths[-1], channels, bias=True), nn.Sigmoid()
        )

    def forward(self, latents: Tensor) -> Tensor:
        """Return pictures (B, channels, S, S) in [0, 1] of ``latents`` (B, z_dim)."""
        pictures: Tensor = self.convolutions(self.unflatten(self.dense(latents)))
        return pictures


def _doubling(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(_transposed(before, after, bias=False), nn.BatchNorm2d(after), nn.ReLU())


def _transposed(before: int, after: int, bias: bool) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(before, after, 5, stride=2, padding=2, output_padding=1, bias=bias)


class Critic(nn.Module):
    """Pictures (B, channels, S, S) in [0, 1] to scores (B,), higher for real ones.

    5x5 convolutions of stride 2 with LeakyReLU 0.2, doubling the channels from ``width``, all but the first
    with an affine InstanceNorm, then one 4x4 convolution. With ``width`` 64 and S = 64: the published critic.
    """

    def __init__(self, channels: int, width: int, resolution: int) -> None:
        super().__init__()
        widths = [width * 2**stage for stage in range(stage_count(resolution))]
        halvings = [_halving(before, after) for before, after in pairwise(widths)]
        first = nn.Sequential(nn.Conv2d(channels, width, 5, 2, 2), nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(first, *halvings, nn.Conv2d(widths[-1], 1, SMALLEST), nn.Flatten(0))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the scores (B,) of ``pictures``."""
        scores: Tensor = self.layers(pictures)
        return scores


def _halving(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 5, 2, 2), nn.InstanceNorm2d(after, affine=True), nn.LeakyReLU(0.2)
    )
