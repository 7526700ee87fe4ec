"""The contact sheet of an attack: reconstructions in one PNG, pixel for pixel, as many as are kept."""

import io
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

NOT_FOUND_GREY = 128
"""Grey level of the cell of a row without a picture."""


class SheetLayout(NamedTuple):
    """Which rows a sheet shows: those of its first ``lines`` classes and ``columns`` restarts."""

    lines: int
    columns: int
    restarts: int
    """Rows of each class, shown or not; rows lie class after class."""

    def cell(self, row: int) -> tuple[int, int] | None:
        """Return line and column of ``row``, or nothing when the sheet leaves it out.

        >>> [SheetLayout(2, 1, 3).cell(row) for row in (0, 1, 3, 6)]
        [(0, 0), None, (1, 0), None]
        """
        line, column = divmod(row, self.restarts)
        return (line, column) if line < self.lines and column < self.columns else None


def sheet_layout(rows: int, restarts: int, most: int) -> SheetLayout:
    """Return the layout that shows at most ``most`` of ``rows`` pictures, as many restarts of each class.

    Classes are left out only when there are more of them than ``most``. Raises ``ValueError`` when ``rows``
    is no multiple of ``restarts``.

    >>> sheet_layout(rows=30_000, restarts=100, most=2000)
    SheetLayout(lines=300, columns=6, restarts=100)
    """
    if rows % restarts:
        raise ValueError(f"{restarts} restarts of each class give a multiple of that many rows, not {rows}")
    classes = rows // restarts
    return SheetLayout(min(classes, most), min(restarts, max(1, most // classes)), restarts)


def contact_sheet(images: Tensor, found: Tensor, layout: SheetLayout) -> bytes:
    """Return a PNG with one line per class and one column per restart of ``layout``.

    ``images`` uint8 (R, C, S, S), C in {1, 3}, class after class; ``found`` bool (R,). The cell of line i and
    column j is the box (j S, i S, (j + 1) S, (i + 1) S); without margins, readers can cut it out unchanged.
    The bytes depend on the pixels alone.
    """
    _, channels, size, _ = images.shape
    shown = torch.tensor([row for row in range(len(images)) if layout.cell(row)])
    grey = torch.tensor(NOT_FOUND_GREY, dtype=torch.uint8)
    cells = torch.where(found[shown, None, None, None], images[shown], grey)
    grid = cells.view(layout.lines, layout.columns, channels, size, size).permute(0, 3, 1, 4, 2)
    pixels = grid.reshape(layout.lines * size, layout.columns * size, channels).numpy()
    picture = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", compress_level=9)
    return buffer.getvalue()
