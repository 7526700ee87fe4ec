"""Reads a picture file as a square of a given size. Imports no torch."""

import struct
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
"""What Pillow raises for files that are corrupt, truncated, of another format, or absurdly large."""


def decode(path: Path, channels: Literal[1, 3], resolution: int) -> NDArray[np.uint8]:
    """Return the centre square of a picture as (C, S, S), antialiased; the camera's orientation is applied.

    Transparent parts become white; of an animation the first frame counts. Raises one of ``UNREADABLE``.
    """
    flat = upright(path, channels)
    square = ImageOps.fit(flat, (resolution, resolution), Image.Resampling.LANCZOS)
    pixels = np.asarray(square)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def upright(path: Path, channels: Literal[1, 3]) -> Image.Image:
    """Return the whole picture, grey or RGB, as ``decode`` sees it before it cuts and resizes."""
    with Image.open(path) as opened:
        return _eight_bits(ImageOps.exif_transpose(opened)).convert("L" if channels == 1 else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return an opaque picture of 8 bits a channel."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        # 16-bit grey: Pillow's own conversion would clip everything above 255.
        return Image.fromarray((np.asarray(image).astype(np.int64) // 257).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA"))
    return image
