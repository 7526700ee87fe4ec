"""Merged files: many parts of a table in one, each unit's rows still known apart.

A merged file lies under ``TABLE/merged/`` and is never changed. Its name begins with its generation; where
two hold the same unit the newer one counts, and a part of its own counts before both.
"""

import json
import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from results.stores.parts import under_schema

FOLDER = "merged"
_UNITS = b"tldmi_sweep_units"
_REMEMBERED = 8


class Piece(NamedTuple):
    """Rows of some units of a table, and where those of each begin and how many they are."""

    rows: pa.Table
    units: Mapping[str, tuple[int, int]]


def merged_prefix(table: str) -> str:
    """Return what the paths of merged files of ``table`` begin with.

    >>> merged_prefix("targets")
    'targets/merged/'
    """
    return f"{table}/{FOLDER}/"


def next_path(table: str, paths: Sequence[str]) -> str:
    """Return a path for a merged file newer than those at ``paths``, that no other file ever had."""
    generation = 1 + max((int(path.rpartition("/")[2].split("-")[0]) for path in paths), default=0)
    return f"{merged_prefix(table)}{generation:08d}-{uuid.uuid4().hex[:12]}.parquet"


def is_merged(path: str) -> bool:
    """Return whether ``path`` is that of a merged file.

    >>> is_merged("targets/merged/00000001-0123456789ab.parquet"), is_merged("targets/3f2a.parquet")
    (True, False)
    """
    _, _, name = path.partition(f"/{FOLDER}/")
    return name.endswith(".parquet") and name.split("-")[0].isdigit()


def write_merged(file: Path, rows: pa.Table, counts: Mapping[str, int]) -> None:
    """Write a merged file: ``rows`` unit after unit in the order of ``counts``, how many of each."""
    noted = {_UNITS: json.dumps(list(counts.items())).encode()}
    pq.write_table(rows.replace_schema_metadata(noted), file, compression="zstd")


def read_merged(table: str, file: Path) -> Piece:
    """Return a merged file of ``table``; raises ``pyarrow.ArrowException``, ``OSError`` or ``ValueError``."""
    opened = pq.ParquetFile(file, memory_map=True)
    noted = (opened.schema_arrow.metadata or {}).get(_UNITS)
    if noted is None:
        raise ValueError("it does not say which units it holds")
    units, start = {}, 0
    for unit, count in json.loads(noted):
        units[unit] = (start, count)
        start += count
    rows = under_schema(table, opened.read())
    if start != len(rows):
        raise ValueError(f"it holds {len(rows)} rows, its units {start}")
    return Piece(rows, units)


class RecentlyRead:
    """The merged files read last in this process: their bytes never change, so nothing gets stale."""

    def __init__(self) -> None:
        self._files: OrderedDict[tuple[str, str], Piece] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, store_uri: str, path: str) -> Piece | None:
        """Return a file that was read before and is still remembered."""
        with self._lock:
            kept = self._files.get((store_uri, path))
            if kept is not None:
                self._files.move_to_end((store_uri, path))
            return kept

    def put(self, store_uri: str, path: str, file: Piece) -> None:
        """Remember a file, and forget the one used longest ago if there are many."""
        with self._lock:
            self._files[store_uri, path] = file
            while len(self._files) > _REMEMBERED:
                self._files.popitem(last=False)


RECENTLY_READ = RecentlyRead()
