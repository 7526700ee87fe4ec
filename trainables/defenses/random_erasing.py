"""Random erasing (MIDRE, TMLR 2025, arXiv 2409.01062): a square of every training picture is painted over.

An attacker then asks T for more of a person than T was ever shown at once.
"""

import torch
from torch import Tensor

from search_spaces.defenses.random_erasing import RandomErasing
from trainables.defenses.part import Part
from trainables.implementations import implements


@implements(RandomErasing)
class ErasedSquares(Part[RandomErasing]):
    """Squares as those of torchvision's ``RandomErasing`` with ratio 1, on whole batches.

    Four numbers are drawn for each picture on the CPU, needed or not: whether it is erased, area, place.
    """

    needs_pictures = True

    def pictures(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return ``images`` (B, 1 or 3, S, S) in [0, 1], each with one square in the colour ``fill``."""
        size = images.shape[-1]
        draws = torch.rand(4, len(images), generator=self.stream(), dtype=torch.float64)
        chosen, area, top, left = draws
        side = self._sides(area, size)
        erased = _band(top, side, size)[:, :, None] & _band(left, side, size)[:, None, :]
        erased &= (chosen < self.settings.erase_probability)[:, None, None]
        return torch.where(erased[:, None].to(images.device), self._fill(images), images)

    def _sides(self, area: Tensor, size: int) -> Tensor:
        """Return the side in pixels for each drawn ``area`` in [0, 1); some of the picture always stays."""
        low, high = self.settings.smallest_area, self.settings.largest_area
        return ((low + (high - low) * area).sqrt() * size).round().clamp(1, size - 1)

    def _fill(self, images: Tensor) -> Tensor:
        color = torch.tensor(self.settings.fill, dtype=images.dtype, device=images.device)
        return (color if images.shape[1] == 3 else color.mean()).view(1, -1, 1, 1)


def _band(place: Tensor, side: Tensor, size: int) -> Tensor:
    """Return (B, size): whether a row, or a column, is inside a square of ``side``, ``place`` in [0, 1)."""
    first = (place * (size - side + 1)).floor()[:, None]
    positions = torch.arange(size)
    return (positions >= first) & (positions < first + side[:, None])
