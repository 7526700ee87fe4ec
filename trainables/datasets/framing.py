"""Which square of a picture is kept, and its resizing. Imports no torch.

The squares are those of the published pre-processing; resizing is Pillow's bilinear filter, which widens
when it shrinks a picture (antialiasing).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from search_spaces.datasets import FaceCrop
from trainables.datasets.image_decoding import upright

Box = tuple[int, int, int, int]
"""Left, upper, right and lower edge in pixels, the latter two exclusive."""

ALIGNED_CELEBA = (178, 218)
"""Width and height of the aligned CelebA pictures."""


@dataclass(frozen=True)
class Framing:
    """``box`` gives the part to keep of a picture of a width and height; ``name`` stands for it in caches."""

    name: str
    box: Callable[[int, int], Box]


def framed(path: Path, framing: Framing, resolution: int) -> NDArray[np.uint8]:
    """Return the picture as RGB (3, S, S).

    Raises one of ``image_decoding.UNREADABLE``, among them ``ValueError`` for a size the framing is not for.
    """
    picture = upright(path, 3)
    kept = picture.crop(framing.box(*picture.size))
    pixels = np.asarray(kept.resize((resolution, resolution), Image.Resampling.BILINEAR))
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _central(side: int, width: int, height: int) -> Box:
    left, upper = (width - side) // 2, (height - side) // 2
    return left, upper, left + side, upper + side


def _largest_square(width: int, height: int) -> Box:
    return _central(min(width, height), width, height)


def _aligned(side: int) -> Callable[[int, int], Box]:
    def _box(width: int, height: int) -> Box:
        if (width, height) != ALIGNED_CELEBA:
            raise ValueError(f"{width}x{height} pixels; aligned CelebA pictures have 178x218")
        return _central(side, width, height)

    return _box


def _hd_celeba(width: int, height: int) -> Box:
    return _largest_square(width, height) if width == height else _aligned(108)(width, height)


def _share(part: int, whole: int) -> Callable[[int, int], Box]:
    def _box(width: int, height: int) -> Box:
        return _central(min(width, height) * part // whole, width, height)

    return _box


CELEBA = {
    "gmi": Framing("celeba-108", _aligned(108)),
    "vmi": Framing("celeba-128", _aligned(128)),
    "ppa": Framing("celeba-hd", _hd_celeba),
}
"""CelebA by variant: rows 55:163 and columns 35:143 (GMI); the central 128 (VMI); pictures cropped by
HD-CelebA-Cropper as they are, others as for GMI (PPA)."""
ALIGNED_FACES: dict[FaceCrop, Framing] = {
    "gmi": Framing("central-88-of-128", _share(88, 128)),
    "ppa": Framing("central-800-of-1024", _share(800, 1024)),
    "whole": Framing("largest-square", _largest_square),
}
"""FFHQ and MetFaces by crop; 88 at offset 20 of a 128-pixel thumbnail is GMI's."""
LARGEST_SQUARE = Framing("largest-square", _largest_square)
"""The central square as wide as the shorter side."""
SQUEEZED = Framing("squeezed", lambda width, height: (0, 0, width, height))
"""The whole picture; its proportions change."""
