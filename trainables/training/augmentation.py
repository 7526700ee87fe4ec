"""Random changes of training pictures, whole batches at once on the device of all steps.

All draws come from generators on the CPU, one stream for each kind of change, so that the numbers are those
of every device and adding one change does not shift another's.
"""

import torch
from torch import Tensor

from search_spaces import seed_stream
from trainables.training.accuracy import unit_range
from trainables.training.color_jitter import ColorJitter
from trainables.training.recipe import Recipe

GREY = 0.5
"""What cutout paints."""


class Augmentation:
    """What a recipe does to a batch: mirror, crop, change colours, cut out; in this order."""

    def __init__(self, recipe: Recipe, seed: int) -> None:
        self.recipe = recipe
        self._flips = _stream(seed, "flips")
        self._crops = _stream(seed, "crops")
        self._cutouts = _stream(seed, "cutouts")
        self._jitter = ColorJitter(recipe.color_jitter, _stream(seed, "colors"))

    @property
    def streams(self) -> dict[str, torch.Generator]:
        """The stream of each kind of change."""
        return {
            "flips": self._flips,
            "crops": self._crops,
            "cutouts": self._cutouts,
            "colors": self._jitter.generator,
        }

    def mirrored(self, count: int) -> Tensor:
        """Draw which of the next ``count`` pictures are mirrored left to right: bool (count,), on the CPU."""
        return torch.rand(count, generator=self._flips) < self.recipe.horizontal_flip

    def __call__(self, images: Tensor) -> Tensor:
        """Return uint8 ``images`` (B, C, S, S), changed, as float32 in [0, 1]."""
        mirrored = self.mirrored(len(images))[:, None, None, None].to(images.device)
        changed = unit_range(torch.where(mirrored, images.flip(-1), images))
        if self.recipe.crop_scale < 1:
            changed = random_crops(changed, self.recipe.crop_scale, self._crops)
        changed = self._jitter(changed)
        if self.recipe.cutout:
            changed = cut_out(changed, self.recipe.cutout, self._cutouts)
        return changed


def random_crops(images: Tensor, smallest: float, generator: torch.Generator) -> Tensor:
    """Return a random square of each of ``images`` (B, C, S, S), resized to S x S.

    Its share of the area is uniform in [``smallest``, 1], its side rounded to whole pixels, its place
    uniform; bilinear without corner alignment. torchvision's ``RandomResizedCrop`` with ratio 1.
    """
    size = images.shape[-1]
    share, top, left = torch.rand(3, len(images), generator=generator)
    side = ((smallest + (1 - smallest) * share).sqrt() * size).round()
    free = size - side + 1
    rows = _resampling((top * free).floor(), side, size).to(images.device)
    columns = _resampling((left * free).floor(), side, size).to(images.device)
    return rows[:, None] @ images @ columns.mT[:, None]


def cut_out(images: Tensor, fraction: float, generator: torch.Generator) -> Tensor:
    """Return ``images`` (B, C, S, S), each with a grey square of side ``fraction`` S at a random place.

    Its centre is uniform over the picture, what lies outside is cut off: the cutout of DiffAugment (Zhao et
    al., NeurIPS 2020), whose zero is our mid-grey.
    """
    size = images.shape[-1]
    side = int(size * fraction + 0.5)
    centres = (torch.rand(2, len(images), generator=generator) * (size + 1 - side % 2)).floor()
    first = (centres - side // 2)[..., None]
    positions = torch.arange(size)
    rows, columns = (positions >= first) & (positions < first + side)
    return images.masked_fill((rows[:, None, :, None] & columns[:, None, None, :]).to(images.device), GREY)


def _resampling(start: Tensor, length: Tensor, size: int) -> Tensor:
    """Return (B, size, size): row i holds the weights of the pixels that output pixel i is made of.

    ``start`` and ``length``, both (B,), are those of the interval of pixels that is stretched over ``size``.
    """
    steps = torch.arange(size) + 0.5
    places = (steps * length[:, None] / size - 0.5).clamp_min(0)
    places = start[:, None] + torch.minimum(places, length[:, None] - 1)
    return (1 - (torch.arange(size) - places[..., None]).abs()).clamp_min(0)


def _stream(seed: int, name: str) -> torch.Generator:
    return torch.Generator().manual_seed(seed_stream(seed, name))
