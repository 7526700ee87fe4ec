"""Reading a table: every unit once, from its own part or else from the newest merged file that holds it.

Files vanish only after what replaces them is there. So parts are listed and read before merged files are
listed: a part that is gone by then stands in one of those. What stands nowhere, and a merged file that goes
while it is read, make the pass begin anew.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from results.errors import PathMissing, StoreUnreachable
from results.stores.byte_store import ByteStore
from results.stores.merged import RECENTLY_READ, Piece, is_merged, merged_prefix, read_merged
from results.stores.parts import decode, empty_table, row_numbers

_PASSES = 5
Read = TypeVar("Read")


class UnreadablePart(NamedTuple):
    """A part that is no readable Parquet file of its table: its path in the store and why."""

    path: str
    reason: str


class Scan(NamedTuple):
    """One pass over a table: the rows of every readable part, and the parts that were skipped."""

    rows: pa.Table
    unreadable: tuple[UnreadablePart, ...]


def scan_table(store: ByteStore, table: str) -> Scan:
    """Return the rows of all units in the order of their names, and what cannot be read."""

    def _scanned(final: bool) -> Scan:
        paths = part_paths(store, table)
        pieces = dict(zip(paths, _own_pieces(store, table, paths), strict=True))
        own = {path: piece for path, piece in pieces.items() if piece is not None}
        merged = _merged_pieces(store, table, final)
        lost = _in_none(pieces.keys() - own.keys(), merged)
        if lost and not final:
            raise PathMissing(_missing(lost[0], store))
        unreadable = [UnreadablePart(path, _missing(path, store)) for path in lost]
        return _scan(table, [*own.values(), *unreadable], merged, {unit_of(path) for path in own})

    return _repeated(_scanned)


def scan_unit(store: ByteStore, table: str, path: str) -> Scan:
    """Return the rows of the unit whose part would be at ``path``, and what cannot be read."""

    def _scanned(final: bool) -> Scan:
        if store.exists(path) and (own := _own_pieces(store, table, [path])[0]):
            return _scan(table, [own], [], set())
        unit = unit_of(path)
        for piece in _merged_pieces(store, table, final):
            if isinstance(piece, Piece) and unit in piece.units:
                return Scan(piece.rows.slice(*piece.units[unit]), ())
        return Scan(empty_table(table), ())

    return _repeated(_scanned)


def units_of(store: ByteStore, table: str) -> list[str]:
    """Return the units with a part of their own, readable or not, or in a merged file, sorted."""

    def _found(final: bool) -> list[str]:
        own = {unit_of(path) for path in part_paths(store, table)}
        pieces = _merged_pieces(store, table, final)
        return sorted(own.union(*(piece.units for piece in pieces if isinstance(piece, Piece))))

    return _repeated(_found)


def is_merged_unit(store: ByteStore, table: str, unit: str) -> bool:
    """Return whether a readable merged file holds ``unit``."""
    pieces = _repeated(lambda final: _merged_pieces(store, table, final))
    return any(isinstance(piece, Piece) and unit in piece.units for piece in pieces)


def part_paths(store: ByteStore, table: str) -> list[str]:
    """Return the paths of the parts of ``table`` that are not merged, sorted."""
    return [
        path for path in store.list_paths(f"{table}/") if path.count("/") == 1 and path.endswith(".parquet")
    ]


def merged_paths(store: ByteStore, table: str) -> list[str]:
    """Return the paths of the merged files of ``table``, the newest first."""
    return [path for path in reversed(store.list_paths(merged_prefix(table))) if is_merged(path)]


def unit_of(path: str) -> str:
    """Return the unit whose part is at ``path``.

    >>> unit_of("targets/3f2a.parquet")
    '3f2a'
    """
    return path.split("/")[1].removesuffix(".parquet")


def _repeated(read: Callable[[bool], Read]) -> Read:
    """Return what ``read`` does, read anew when files were merged meanwhile.

    Its argument says that this is the final pass: what is listed and not there is then an unreadable part.
    """
    for _ in range(_PASSES - 1):
        try:
            return read(False)
        except PathMissing:
            continue
    return read(True)


def _own_pieces(store: ByteStore, table: str, paths: list[str]) -> list[Piece | UnreadablePart | None]:
    """Return the parts at ``paths``, several read at once; nothing for one that is gone by now."""
    if not paths:
        return []

    def _read_part(path: str) -> Piece | UnreadablePart | None:
        try:
            return _read(path, False, partial(_part, store, table, path))
        except PathMissing:
            return None

    with ThreadPoolExecutor(store.readers) as pool:
        return list(pool.map(_read_part, paths))


def _in_none(paths: Iterable[str], merged: Sequence[Piece | UnreadablePart]) -> list[str]:
    """Return those of the parts whose unit no readable merged file holds, sorted."""
    units: set[str] = set().union(*(piece.units for piece in merged if isinstance(piece, Piece)))
    return sorted(path for path in paths if unit_of(path) not in units)


def _missing(path: str, store: ByteStore) -> str:
    return f"Nothing is stored under {path!r} in {store.uri}."


def _merged_pieces(store: ByteStore, table: str, final: bool) -> list[Piece | UnreadablePart]:
    """Return the merged files of a table, the newest first."""
    paths = merged_paths(store, table)
    return [_read(path, final, partial(_merged, store, table, path)) for path in paths]


def _read(path: str, final: bool, read: Callable[[], Piece]) -> Piece | UnreadablePart:
    try:
        return read()
    except StoreUnreachable:  # an outage says nothing about the rows
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, PathMissing) and not final:
            raise
        return UnreadablePart(path, str(error).splitlines()[0])


def read_piece(store: ByteStore, table: str, path: str) -> Piece | None:
    """Return the part or merged file at ``path``, or nothing when it is gone or cannot be read."""
    read = _merged if is_merged(path) else _part
    piece = _read(path, True, partial(read, store, table, path))
    return piece if isinstance(piece, Piece) else None


def _part(store: ByteStore, table: str, path: str) -> Piece:
    rows = decode(table, store.get_bytes(path))
    return Piece(rows, {unit_of(path): (0, len(rows))})


def _merged(store: ByteStore, table: str, path: str) -> Piece:
    merged = RECENTLY_READ.get(store.uri, path)
    if merged is None:
        with store.file_to_read(path) as file:
            merged = read_merged(table, file)
        RECENTLY_READ.put(store.uri, path, merged)
    return merged


def _scan(
    table: str,
    parts: Sequence[Piece | UnreadablePart],
    merged: Sequence[Piece | UnreadablePart],
    own: set[str],
) -> Scan:
    """Return one scan: units of ``own`` count in ``parts`` alone, others in the first of ``merged``."""
    pieces = [*parts, *merged]
    readable = [piece for piece in pieces if isinstance(piece, Piece)]
    whole = pa.concat_tables([empty_table(table), *(piece.rows for piece in readable)])
    places: dict[str, tuple[int, int]] = {}
    start = 0
    for number, piece in enumerate(pieces):
        if isinstance(piece, Piece):
            for unit, (offset, count) in piece.units.items():
                if number < len(parts) or unit not in own:
                    places.setdefault(unit, (start + offset, count))
            start += len(piece.rows)
    unreadable = tuple(piece for piece in pieces if isinstance(piece, UnreadablePart))
    return Scan(_in_order(whole, [places[unit] for unit in sorted(places)]), unreadable)


def _in_order(whole: pa.Table, places: list[tuple[int, int]]) -> pa.Table:
    """Return the rows at ``places``, one place after the other."""
    ends = [offset + count for offset, count in places]
    if [offset for offset, _ in places] == [0, *ends][: len(places)] and [0, *ends][-1] == len(whole):
        return whole
    indices = [np.arange(offset, offset + count) for offset, count in places]
    return whole.take(row_numbers(np.concatenate([np.arange(0), *indices])))
