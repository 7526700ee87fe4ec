"""A narrow VGG for CPU-sized data sets: six convolutions, the same interface as VGG16."""

from search_spaces.architectures import SmallVGG
from trainables.implementations import implements
from trainables.models.vgg16 import VGG

BLOCKS = ((24, 1), (48, 1), (96, 2), (128, 2))


@implements(SmallVGG)
def small_vgg(num_classes: int, resolution: int = 64) -> VGG:
    """Return the narrow VGG for square images of ``resolution``.

    >>> len(small_vgg(20).freeze_units)
    6
    """
    return VGG(num_classes, BLOCKS, resolution)
