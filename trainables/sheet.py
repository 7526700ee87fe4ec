"""The contact sheet of an attack: all reconstructions in one PNG, pixel for pixel."""

import io

import torch
from PIL import Image
from torch import Tensor

NOT_FOUND_GREY = 128
"""Grey level of the cell of a row without a picture."""


def contact_sheet(images: Tensor, found: Tensor, columns: int) -> bytes:
    """Return a PNG with one line per class and one column per restart.

    ``images`` uint8 (R, C, S, S), C in {1, 3}, class after class; ``found`` bool (R,). The cell of line i and
    column j is the box (j S, i S, (j + 1) S, (i + 1) S); without margins, readers can cut it out unchanged.
    The bytes depend on the pixels alone. Raises ``ValueError`` when R is no multiple of ``columns``.
    """
    rows, channels, size, _ = images.shape
    if rows % columns:
        raise ValueError(f"a sheet with {columns} columns needs a multiple of that many pictures, not {rows}")
    cells = torch.where(found[:, None, None, None], images, torch.tensor(NOT_FOUND_GREY, dtype=torch.uint8))
    grid = cells.view(rows // columns, columns, channels, size, size).permute(0, 3, 1, 4, 2)
    pixels = grid.reshape(rows // columns * size, columns * size, channels).numpy()
    picture = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", compress_level=9)
    return buffer.getvalue()
