"""Reconstructions cut out of their sheets, as small pictures that a page can hold."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow.compute as pc
from PIL import Image, UnidentifiedImageError

from results.errors import StoreError
from results.statistics.configurations import Configuration
from results.stores.rows_by_key import RowsByKey
from results.stores.store import Store

_LARGEST = 96
"""Pixels of the longer side of a picture in a page; smaller ones keep every pixel."""
STRIP_SIDE = 64
"""Pixels of a side of a cell in a strip; smaller ones keep every pixel."""
_STRIP_COLUMNS = 10
_MOST_OPEN = 64
"""Sheets kept open at once."""
MOST_PRIVATE = 4
"""Private pictures of a class that go into a page."""

Row = dict[str, Any]

PrivateImages = Mapping[int, Sequence[bytes]]
"""Class index -> files of private pictures of that class."""


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
    return encode_webp(picture)


def encode_webp(picture: Image.Image) -> str:
    """Return a picture as a WebP data URI."""
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=82, method=1)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


@dataclass(frozen=True)
class Strip:
    """The first restarts of one attack in one picture: square cells in rows of ``columns``."""

    uri: str
    columns: int
    cells: tuple[tuple[int, bool], ...]
    """Class index, and whether the headline evaluator recognised it, in the order of the cells."""


class Sheets:
    """Cuts cells out of the sheets of a store; a sheet that is missing or unreadable has no cells."""

    def __init__(self, store: Store, reconstructions: RowsByKey) -> None:
        self._store = store
        self._rows = reconstructions
        self._open: dict[str, Image.Image | None] = {}
        self.missing: dict[str, str] = {}
        """Sheets that were wanted and could not be read, and why."""

    def first_restarts(self, attack_id: str) -> dict[int, Row]:
        """Return the row of the first restart of each class: the one shown is not chosen by its success."""
        restarts: dict[int, Row] = {}
        rows = self._rows.rows(attack_id)
        for row in sorted(rows, key=lambda row: (row["class_index"], row["restart"])):
            restarts.setdefault(row["class_index"], row)
        return restarts

    def cell(self, row: Row) -> str | None:
        """Return the picture of one reconstruction as a data URI, or nothing."""
        picture = self._cut(row)
        return None if picture is None else picture_uri(picture)

    def strip(self, attack_id: str, most_classes: int) -> Strip | None:
        """Return the first restarts of an attack in one picture, or nothing when there is none."""
        rows = list(self.first_restarts(attack_id).values())[:most_classes]
        cut = [(row, picture) for row in rows if (picture := self._cut(row)) is not None]
        if not cut:
            return None
        side = min(cut[0][1].width, STRIP_SIDE)
        columns = min(len(cut), _STRIP_COLUMNS)
        whole = Image.new("RGB", (columns * side, -(-len(cut) // columns) * side))
        for index, (_, picture) in enumerate(cut):
            line, column = divmod(index, columns)
            whole.paste(picture.convert("RGB").resize((side, side)), (column * side, line * side))
        cells = tuple((int(row["class_index"]), row["rank"] == 0) for row, _ in cut)
        return Strip(encode_webp(whole), columns, cells)

    def _cut(self, row: Row) -> Image.Image | None:
        known = row["found"] is not False and row["sheet"] and row["sheet_row"] is not None
        sheet = self._sheet(row["sheet"]) if known else None
        if sheet is None:
            return None
        size = self._cell_size(row["attack_id"], sheet)
        left, top = row["sheet_column"] * size, row["sheet_row"] * size
        return sheet.crop((left, top, left + size, top + size))

    @lru_cache(maxsize=1024)  # noqa: B019  (lives as long as one report)
    def _lines(self, attack_id: str) -> int:
        return int(pc.max(self._rows.table(attack_id)["sheet_row"]).as_py()) + 1

    def _cell_size(self, attack_id: str, sheet: Image.Image) -> int:
        """Return the side of the square cells: the sheet has one line per class and no margins."""
        return max(sheet.height // self._lines(attack_id), 1)

    def _sheet(self, path: str) -> Image.Image | None:
        if path not in self._open:
            if len(self._open) >= _MOST_OPEN:
                self._open.clear()
            self._open[path] = self._read(path)
        return self._open[path]

    def _read(self, path: str) -> Image.Image | None:
        try:
            return Image.open(io.BytesIO(self._store.get_bytes(path))).copy()
        except StoreError:
            self.missing[path] = "no such file"
        except (UnidentifiedImageError, OSError, ValueError):
            self.missing[path] = "not a readable picture"
        return None


def private_uris(private_images: PrivateImages, index: int) -> list[str]:
    """Return the private pictures of a class that can be read, at most four, as data URIs."""
    uris = (picture_uri(data) for data in list(private_images.get(index, ()))[:MOST_PRIVATE])
    return [uri for uri in uris if uri is not None]


def gallery(
    sheets: Sheets,
    kind: str,
    shown: Sequence[Configuration],
    private_images: PrivateImages | None,
    most_classes: int,
) -> Gallery | None:
    """Return the pictures of one kind of attack on ``shown``, first seed of each; nothing without a picture.

    ``private_images`` maps a class index to a picture of that class, to be put beside its reconstructions.
    """
    columns = [
        (configuration, sheets.first_restarts(configuration.attacks[kind].attack_ids[0]))
        for configuration in shown
        if kind in configuration.attacks
    ]
    indices = sorted({index for _, rows in columns for index in rows})
    classes = tuple(
        _class_tiles(sheets, kind, columns, index, private_images) for index in indices[:most_classes]
    )
    if not any(tile.uri for entry in classes for tile in entry.tiles):
        return None
    return Gallery(
        attack=columns[0][0].attacks[kind].name,
        headings=tuple(configuration.heading for configuration, _ in columns),
        classes=classes,
        left_out=len(indices) - len(classes),
    )


def _class_tiles(
    sheets: Sheets,
    kind: str,
    columns: Sequence[tuple[Configuration, dict[int, Row]]],
    index: int,
    private_images: PrivateImages | None,
) -> ClassTiles:
    name = next(rows[index]["class_name"] for _, rows in columns if index in rows) or f"class {index}"
    exemplar = None
    if private_images is not None:
        exemplar = Tile(next(iter(private_uris(private_images, index)), None), f"Private picture of {name}")
    tiles = (_tile(sheets, kind, configuration, name, rows.get(index)) for configuration, rows in columns)
    return ClassTiles(name, exemplar, tuple(tiles))


def _tile(sheets: Sheets, kind: str, configuration: Configuration, name: str, row: Row | None) -> Tile:
    uri = sheets.cell(row) if row else None
    if row is None or uri is None:
        return Tile(None, "no picture")
    recognised = row["rank"] == 0
    outcome = "recognised" if recognised else "not recognised"
    attack = configuration.attacks[kind].name
    return Tile(uri, f"{attack} reconstruction of {name} from {configuration.label}: {outcome}", recognised)
