"""Reconstructions cut out of their sheets, as small pictures that a page can hold."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image, UnidentifiedImageError

from results.configurations import Configuration
from results.errors import StoreError
from results.labels import attack_name, configuration_heading
from results.store import Store

_LARGEST = 96
"""Pixels of the longer side of a picture in a page; smaller ones keep every pixel."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Tile:
    """One picture in a page: a data URI, or nothing where there is no picture."""

    uri: str | None
    alt: str
    recognised: bool = False


@dataclass(frozen=True)
class ClassTiles:
    """The pictures of one private class: one per configuration shown."""

    name: str
    exemplar: Tile | None
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Gallery:
    """Reconstructions of one attack: classes down, configurations across."""

    attack: str
    headings: tuple[tuple[str, str], ...]
    """Name and parameters of each configuration."""
    classes: tuple[ClassTiles, ...]
    left_out: int
    """Classes that were attacked but are not shown."""


def picture_uri(data: bytes | Image.Image) -> str | None:
    """Return a picture as a WebP data URI, at most 96 pixels a side, no metadata; nothing if unreadable."""
    try:
        picture = data if isinstance(data, Image.Image) else Image.open(io.BytesIO(data))
        picture = picture.convert("L" if picture.mode in ("1", "L", "I;16") else "RGB")
    except (UnidentifiedImageError, OSError, ValueError):
        return None
    picture.thumbnail((_LARGEST, _LARGEST))
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=82, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


class Sheets:
    """Cuts cells out of the sheets of a store; a sheet that is missing or unreadable has no cells."""

    def __init__(self, store: Store, reconstructions: pa.Table) -> None:
        self._store = store
        self._rows = reconstructions
        self._open: dict[str, Image.Image | None] = {}

    def first_restarts(self, attack_id: str) -> dict[int, Row]:
        """Return the row of the first restart of each class: the one shown is not chosen by its success."""
        rows = self._rows.filter(pc.equal(self._rows["attack_id"], attack_id)).to_pylist()
        found: dict[int, Row] = {}
        for row in sorted(rows, key=lambda row: (row["class_index"], row["restart"])):
            found.setdefault(row["class_index"], row)
        return found

    def cell(self, row: Row) -> str | None:
        """Return the picture of one reconstruction as a data URI, or nothing."""
        known = row["found"] is not False and row["sheet"] and row["sheet_row"] is not None
        sheet = self._sheet(row["sheet"]) if known else None
        if sheet is None:
            return None
        size = self._cell_size(row["sheet"], sheet)
        left, top = row["sheet_column"] * size, row["sheet_row"] * size
        return picture_uri(sheet.crop((left, top, left + size, top + size)))

    def _cell_size(self, path: str, sheet: Image.Image) -> int:
        """Return the side of the square cells: the sheet has one line per class and no margins."""
        rows = self._rows.filter(pc.equal(self._rows["sheet"], path))
        return sheet.height // (int(pc.max(rows["sheet_row"]).as_py()) + 1)

    def _sheet(self, path: str) -> Image.Image | None:
        if path not in self._open:
            try:
                self._open[path] = Image.open(io.BytesIO(self._store.get_bytes(path))).copy()
            except (StoreError, UnidentifiedImageError, OSError):
                self._open[path] = None
        return self._open[path]


def gallery(
    sheets: Sheets,
    kind: str,
    shown: Sequence[Configuration],
    private_images: Mapping[int, bytes] | None,
    most_classes: int,
) -> Gallery | None:
    """Return the pictures of one kind of attack on ``shown``, first seed of each; nothing without a picture.

    ``private_images`` maps a class index to a picture of that class, to be put beside its reconstructions.
    """
    columns = [
        (one, sheets.first_restarts(one.attacks[kind].attack_ids[0])) for one in shown if kind in one.attacks
    ]
    indices = sorted({index for _, rows in columns for index in rows})
    classes = tuple(
        _class_tiles(sheets, kind, columns, index, private_images) for index in indices[:most_classes]
    )
    if not any(tile.uri for entry in classes for tile in entry.tiles):
        return None
    return Gallery(
        attack=attack_name(kind),
        headings=tuple(configuration_heading(vars(one)) for one, _ in columns),
        classes=classes,
        left_out=len(indices) - len(classes),
    )


def _class_tiles(
    sheets: Sheets,
    kind: str,
    columns: Sequence[tuple[Configuration, dict[int, Row]]],
    index: int,
    private_images: Mapping[int, bytes] | None,
) -> ClassTiles:
    name = next(rows[index]["class_name"] for _, rows in columns if index in rows) or f"class {index}"
    exemplar = None
    if private_images is not None:
        uri = picture_uri(private_images[index]) if index in private_images else None
        exemplar = Tile(uri, f"Private picture of {name}")
    tiles = (_tile(sheets, kind, one, name, rows.get(index)) for one, rows in columns)
    return ClassTiles(name, exemplar, tuple(tiles))


def _tile(sheets: Sheets, kind: str, one: Configuration, name: str, row: Row | None) -> Tile:
    uri = sheets.cell(row) if row else None
    if row is None or uri is None:
        return Tile(None, "no picture")
    recognised = row["rank"] == 0
    outcome = "recognised" if recognised else "not recognised"
    return Tile(uri, f"{attack_name(kind)} reconstruction of {name} from {one.label}: {outcome}", recognised)
