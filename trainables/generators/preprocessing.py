"""Between the pictures of a prior and the input of T: a centre crop, then a resizing, both differentiable."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_spaces.priors import PriorSettings

BATCH = 512
"""Public pictures resized at once."""


class ToTarget(nn.Module):
    """Pictures (B, C, R, R) to (B, C, ``side``, ``side``): the centre square of ``crop``, then bilinear.

    The resizing is that of Pillow and torchvision (antialiased, half-pixel centres); square and size that
    agree already are left as they are.
    """

    def __init__(self, crop: int | None, side: int) -> None:
        super().__init__()
        self.crop = crop
        self.side = side

    def forward(self, pictures: Tensor) -> Tensor:
        """Return what T is shown of ``pictures``."""
        return resized(pictures if self.crop is None else centre_square(pictures, self.crop), self.side)


def to_target(settings: PriorSettings, data_side: int) -> nn.Module:
    """Return what lies between the pictures of a prior and T's input of ``data_side`` pixels a side."""
    return nn.Identity() if settings.is_shown_as_is(data_side) else ToTarget(settings.crop, data_side)


def centre_square(pictures: Tensor, side: int) -> Tensor:
    """Return the middle (B, C, ``side``, ``side``) of ``pictures`` (B, C, R, R), R >= ``side``.

    >>> centre_square(torch.arange(16).view(1, 1, 4, 4), 2).flatten().tolist()
    [5, 6, 9, 10]
    """
    start = round((pictures.shape[-1] - side) / 2)
    return pictures[..., start : start + side, start : start + side]


def resized(pictures: Tensor, side: int) -> Tensor:
    """Return float ``pictures`` (B, C, R, R) as (B, C, ``side``, ``side``)."""
    if pictures.shape[-1] == side:
        return pictures
    return F.interpolate(pictures, (side, side), mode="bilinear", antialias=True)


def resized_pictures(public: Tensor, side: int) -> Tensor:
    """Return uint8 ``public`` pictures (N, C, S, S) as (N, C, ``side``, ``side``), rounded."""
    if public.shape[-1] == side:
        return public
    parts = (resized(part.float(), side).round().to(torch.uint8) for part in torch.split(public, BATCH))
    return torch.cat(list(parts))
