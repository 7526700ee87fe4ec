"""Compaction: the many small parts of a table become one merged file, and readers never notice.

The merged file is written and read back first; only then are the parts removed that it was made of, and
only those that nobody has rewritten since. Killed at any moment, it leaves every row readable exactly once,
and can be run again. Nothing else should write rows meanwhile. Units that failed keep parts of their own:
to run them again, they are removed.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from results.errors import BytesCorrupt
from results.schema import SCHEMAS
from results.stores.byte_store import StoredFile
from results.stores.merged import Piece, is_merged, next_path, read_merged, write_merged
from results.stores.parts import empty_table
from results.stores.scanning import read_piece
from results.stores.store import Store

MANY_PARTS = 256
"""Parts of a table from which on merging is worth it."""


@dataclass(frozen=True)
class Compacted:
    """What was merged, or would be."""

    table: str
    parts: int
    bytes_before: int


def mergeable(store: Store, at_least: int = MANY_PARTS) -> list[Compacted]:
    """Return the tables with ``at_least`` so many files to merge, and how many bytes those take."""
    tables = ((table, _files(store, table)) for table in SCHEMAS)
    return [
        Compacted(table, len(files), sum(file.size for file in files))
        for table, files in tables
        if len(files) >= max(at_least, 2)
    ]


def compact(store: Store, at_least: int = MANY_PARTS) -> list[Compacted]:
    """Merge every table with ``at_least`` so many files; return what was merged."""
    planned = mergeable(store, at_least)
    for merge in planned:
        compact_table(store, merge.table)
    return planned


def compact_table(store: Store, table: str) -> None:
    """Merge all parts of ``table``, and merged files from before, into one file.

    Parts that cannot be read stay where they are. Raises the store's errors; `BytesCorrupt` when the merged
    file does not read back as it was written, and then nothing is removed.
    """
    files = _files(store, table)
    merged = [file for file in reversed(files) if is_merged(file.path)]
    parts = [file for file in files if not is_merged(file.path)]
    pieces = _pieces(store, table, [*parts, *merged])
    rows, counts = _joined(table, pieces)
    path = next_path(table, [file.path for file in merged])
    with store.file_to_write(path) as file:
        write_merged(file, rows, counts)
    with store.file_to_read(path) as file:
        _check(path, read_merged(table, file), rows, counts)
    _remove(store, table, [file for file, piece in zip([*parts, *merged], pieces, strict=True) if piece])


def _files(store: Store, table: str) -> list[StoredFile]:
    """Return parts and merged files of a table, sorted by path."""
    files = store.stored(f"{table}/")
    own = [file for file in files if file.path.count("/") == 1 and file.path.endswith(".parquet")]
    return [*own, *(file for file in files if is_merged(file.path))]


def _pieces(store: Store, table: str, files: Sequence[StoredFile]) -> list[Piece | None]:
    """Return what is to be merged, file by file; nothing for what cannot be read or has failed."""
    with ThreadPoolExecutor(store.readers) as pool:
        pieces = pool.map(lambda file: read_piece(store, table, file.path), files)
        return [None if piece is None or _has_failed(piece) else piece for piece in pieces]


def _has_failed(piece: Piece) -> bool:
    if len(piece.units) != 1:
        return False
    columns = [piece.rows[name] for name in ("status", "state") if name in piece.rows.column_names]
    return any(pc.any(pc.equal(column, "failed")).as_py() for column in columns)


def _joined(table: str, pieces: Sequence[Piece | None]) -> tuple[pa.Table, dict[str, int]]:
    """Return the rows of every unit once, the first piece that has it counting, in the order of the units."""
    rows: dict[str, pa.Table] = {}
    for piece in pieces:
        if piece is not None:
            for unit, place in piece.units.items():
                rows.setdefault(unit, piece.rows.slice(*place))
    ordered = [(unit, rows[unit]) for unit in sorted(rows)]
    whole = pa.concat_tables([empty_table(table), *(part for _, part in ordered)]).combine_chunks()
    return whole, {unit: len(part) for unit, part in ordered}


def _check(path: str, piece: Piece, rows: pa.Table, counts: dict[str, int]) -> None:
    if not piece.rows.equals(rows) or {unit: n for unit, (_, n) in piece.units.items()} != counts:
        raise BytesCorrupt(f"{path} does not read back as it was written; no part was removed.")


def _remove(store: Store, table: str, merged: Sequence[StoredFile]) -> None:
    """Remove the files that were merged, those that have been rewritten since excepted."""
    present = {file.path: file.tag for file in store.stored(f"{table}/")}
    same = [file.path for file in merged if present.get(file.path) == file.tag]
    with ThreadPoolExecutor(store.readers) as pool:
        list(pool.map(store.delete, same))
