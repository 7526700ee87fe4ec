"""VGG16 at 64x64 as the MI literature uses it (Table 12): 13 convolutions with BatchNorm, no 4096-FC."""

from collections.abc import Iterator

from torch import nn

from search_spaces.architectures import VGG16
from trainables.implementations import implements
from trainables.models.target_model import TargetModel

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""(channels, convolutions) of each block; a 2x2 max-pool ends each block."""


def vgg_units(blocks: tuple[tuple[int, int], ...], channels: int = 3) -> Iterator[tuple[str, nn.Module]]:
    """Yield the named units of a VGG: one per convolution, with its BatchNorm, ReLU and the block's pool."""
    number = 0
    for width, convolutions in blocks:
        for position in range(convolutions):
            number += 1
            layers = [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            ends_block = position == convolutions - 1
            yield f"conv{number}", nn.Sequential(*layers, *([nn.MaxPool2d(2)] if ends_block else []))
            channels = width


def block_ends(blocks: tuple[tuple[int, int], ...]) -> list[str]:
    """Return the names of the units that end a block."""
    total, names = 0, []
    for _, convolutions in blocks:
        total += convolutions
        names.append(f"conv{total}")
    return names


class VGG(TargetModel):
    """A VGG with BatchNorm: blocks, flatten, BatchNorm1d with its bias frozen at 0, linear head.

    Hidden layers of BiDO: the first four block ends and the feature (targets_defenses: 3.3). Input [0, 1]
    without further normalisation, as in the published code. Under MID the encoder takes the place of the
    BatchNorm1d.
    """

    bottleneck_after = 1

    def __init__(
        self, num_classes: int, blocks: tuple[tuple[int, int], ...] = BLOCKS, resolution: int = 64
    ) -> None:
        super().__init__()
        self.set_normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        self.units = nn.ModuleDict(dict(vgg_units(blocks)))
        self.hidden_units = block_ends(blocks)[:4]
        features = blocks[-1][0] * (resolution // 2 ** len(blocks)) ** 2
        norm = nn.BatchNorm1d(features)
        norm.bias.requires_grad_(False)
        self.neck = nn.Sequential(nn.Flatten(), norm)
        self.head = nn.Linear(features, num_classes)


@implements(VGG16)
def vgg16(num_classes: int, resolution: int = 64) -> VGG:
    """Return VGG16: 16,776,232 parameters at 1000 classes and 64x64, 16,774,184 of them trained.

    >>> vgg16(1000).theta_c
    16774184
    """
    return VGG(num_classes, resolution=resolution)
