"""The store: tables of rows and named bytes under one URI. A place must offer a few byte operations."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar, NamedTuple
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from results.errors import InvalidPath, StoreMissing, StoreSchemaMismatch, StoreUnreachable
from results.schema import SCHEMA_VERSION, SCHEMAS
from results.stores.marker import MARKER
from results.stores.parts import Row, encode, schema_of, table_from_rows
from results.stores.scanning import Scan, UnreadablePart, is_merged_unit, scan_table, scan_unit, units_of

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_LONGEST_NAME = 200
FORMAT = "tldmi-sweep"
"""What the marker of a store says it is a store of."""


__all__ = [
    "MARKER",
    "Scan",
    "Store",
    "StoredFile",
    "UnreadablePart",
    "check_name",
    "check_path",
    "is_bucket",
    "is_memory",
    "is_path",
    "local_path",
    "open_store",
    "part_path",
]


class StoredFile(NamedTuple):
    """Something in a store: its path, its bytes, and the seconds since it was written.

    ``tag`` is another one after every write.
    """

    path: str
    size: int
    age: float
    tag: str = ""


def check_name(name: str) -> str:
    """Return ``name`` when it can name a unit or a folder of a store.

    Raises `InvalidPath` unless it is 1 to 200 of the characters ``A-Z a-z 0-9 . _ -``, the first no dot.

    >>> check_name("3f2a-0001")
    '3f2a-0001'
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise InvalidPath(
            f"Invalid name {name!r} in a store: 1 to {_LONGEST_NAME} of A-Z a-z 0-9 . _ - , the first no dot."
        )
    return name


def check_path(path: str) -> str:
    """Return ``path`` when every segment of it is a valid name, so that it stays inside the store.

    >>> check_path("artifacts/targets/3f2a.safetensors")
    'artifacts/targets/3f2a.safetensors'
    """
    for segment in path.split("/"):
        check_name(segment)
    return path


def is_path(path: str) -> bool:
    """Return whether something found in a store's place could be one of its own."""
    try:
        check_path(path)
    except InvalidPath:
        return False
    return True


class Store(ABC):
    """Rows and bytes under one URI. An implementation gives the byte operations; tables come with them."""

    readers: ClassVar[int] = 8
    """Parts of a table that are read at once."""

    @property
    @abstractmethod
    def uri(self) -> str:
        """The place of the store, absolute: `open_store` of it, on any process, opens the same store."""

    @abstractmethod
    def put_bytes(self, path: str, data: bytes) -> None:
        """Write ``data`` under ``path`` in one step: a reader sees all of it or what was there before.

        Raises `InvalidPath` and `StoreNotWritable`.
        """

    @abstractmethod
    def get_bytes(self, path: str) -> bytes:
        """Return the bytes under ``path``; raises `PathMissing`."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Return whether something is stored under ``path``."""

    @abstractmethod
    def list_paths(self, prefix: str = "") -> list[str]:
        """Return every stored path that starts with ``prefix``, sorted."""

    @abstractmethod
    def stored(self, prefix: str = "") -> list[StoredFile]:
        """Return size and age of everything whose path starts with ``prefix``, sorted by path."""

    @abstractmethod
    def delete(self, path: str) -> None:
        """Remove what is stored under ``path``, if anything is; raises `StoreNotWritable`."""

    @abstractmethod
    def leftovers(self) -> list[StoredFile]:
        """Return what killed writes have left and no reader sees, under names for `delete_leftover`.

        Writes that are going on are among them: their age tells.
        """

    @abstractmethod
    def delete_leftover(self, name: str) -> None:
        """Remove one of `leftovers`, if it is still there; raises `InvalidPath` for anything else."""

    @abstractmethod
    def file_to_read(self, path: str, sha256: str | None = None) -> AbstractContextManager[Path]:
        """Yield a local file with the bytes under ``path``, not to be changed; opened in the block, it stays.

        ``sha256``, where the caller knows it, may save asking a bucket. Raises `PathMissing`, `BytesCorrupt`.
        """

    @abstractmethod
    def file_to_write(self, path: str) -> AbstractContextManager[Path]:
        """Yield a local path to write to; when the block ends it is stored under ``path`` in one step.

        Nothing is stored when the block raises. Raises `InvalidPath` and `StoreNotWritable`.
        """

    @abstractmethod
    def check_writable(self) -> None:
        """Write and remove a probe; raises `StoreNotWritable` with the reason. Call it before work starts."""

    def write_rows(self, table: str, unit: str, rows: Sequence[Row]) -> None:
        """Write the part of ``unit`` in one step; a second write of the same unit replaces the first.

        Raises `InvalidRows`, `InvalidPath` and `StoreNotWritable`; then nothing has changed.
        """
        self.put_bytes(part_path(table, unit), encode(table_from_rows(table, unit, rows)))

    def has_rows(self, table: str, unit: str) -> bool:
        """Return whether the rows of ``unit`` are there and readable; a corrupt part is not written."""
        path = part_path(table, unit)
        if self.exists(path):
            return not scan_unit(self, table, path).unreadable
        return is_merged_unit(self, table, unit)

    def units(self, table: str) -> list[str]:
        """Return the units that have a part in ``table``, readable or not, sorted."""
        schema_of(table)
        return units_of(self, table)

    def read_rows(self, table: str, unit: str | None = None) -> pa.Table:
        """Return the rows of one unit, or of all in the order of their names, under the explicit schema.

        A unit that was never written has no rows; an unreadable part is skipped (see `unreadable_parts`).
        """
        return self.scan(table, unit).rows

    def unreadable_parts(self, table: str) -> tuple[UnreadablePart, ...]:
        """Return the parts of ``table`` that `read_rows` skips, each with the reason."""
        return self.scan(table).unreadable

    def scan(self, table: str, unit: str | None = None) -> Scan:
        """Return the readable rows and the unreadable parts of a table, or of one unit, in a single pass."""
        schema_of(table)
        if unit is None:
            return scan_table(self, table)
        return scan_unit(self, table, part_path(table, unit))


def part_path(table: str, unit: str) -> str:
    """Return the path of the part of ``unit``.

    >>> part_path("targets", "3f2a")
    'targets/3f2a.parquet'
    """
    schema_of(table)
    return f"{table}/{check_name(unit)}.parquet"


def open_store(uri: str, create: bool = False) -> Store:
    """Return the store at ``uri``: a path, ``file://..``, ``s3://bucket/prefix[?endpoint=URL]``, ``memory://NAME``.

    What is in memory only this process sees. With ``create`` a missing or empty place becomes a store.
    Raises `StoreMissing`, `StoreSchemaMismatch`, `StoreNotWritable`, `StoreUnreachable`, and `InvalidPath`
    for any other URI.
    """
    store = _at(uri)
    if store.exists(MARKER):
        _check_version(store)
    elif any(store.list_paths(f"{table}/") for table in SCHEMAS):
        raise StoreSchemaMismatch(
            f"{store.uri} holds tables but no {MARKER}, so their version is unknown. "
            f"Restore {MARKER} from a copy, or name another folder."
        )
    elif create:
        _check_empty(store)
        store.check_writable()
        store.put_bytes(MARKER, json.dumps({"format": FORMAT, "schema_version": SCHEMA_VERSION}).encode())
    else:
        raise StoreMissing(f"No store at {store.uri}. Name another with --store, or run a sweep to make one.")
    return store


def _check_empty(store: Store) -> None:
    found = store.list_paths()
    if found:
        raise StoreSchemaMismatch(
            f"{store.uri} is no store and holds other files ({found[0]}). "
            "Name an empty or a new folder with --store."
        )


def _at(uri: str) -> Store:
    if is_bucket(uri):
        # boto3 takes a quarter of a second, which only stores in buckets should cost.
        from results.stores.s3 import S3Store

        return S3Store(uri)
    if is_memory(uri):
        from results.stores.memory import MemoryStore

        return MemoryStore(uri)
    from results.stores.local import LocalStore

    return LocalStore(local_path(uri))


def is_bucket(uri: str) -> bool:
    """Return whether ``uri`` names a store in a bucket."""
    return uri.startswith("s3://")


def is_memory(uri: str) -> bool:
    """Return whether ``uri`` names a store in the memory of this process."""
    return uri.startswith("memory://")


def local_path(uri: str) -> str:
    """Return the local folder that a path or ``file://`` URI names.

    >>> local_path("file:///data/my%20runs")
    '/data/my runs'
    """
    if "://" not in uri:
        if not uri or "\0" in uri:
            raise InvalidPath(f"Invalid store {uri!r}: give the path of a folder or a file:// URI.")
        return uri
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path:
        raise InvalidPath(
            f"Unsupported store {uri!r}: give the path of a folder, file:///absolute/path, "
            "s3://bucket/prefix or memory://NAME."
        )
    return unquote(parts.path)


def _check_version(store: Store) -> None:
    try:
        marker = json.loads(store.get_bytes(MARKER))
        found, owner = marker["schema_version"], marker.get("format", FORMAT)
    except StoreUnreachable:  # an outage says nothing about the version
        raise
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise StoreSchemaMismatch(
            f"{MARKER} of {store.uri} is not readable ({error}); it must hold schema_version "
            f"{SCHEMA_VERSION}. Restore it from a copy, or name another folder."
        ) from error
    if owner != FORMAT:
        raise StoreSchemaMismatch(
            f"{store.uri} is a store of {owner!r}, not of {FORMAT}. Name another folder with --store."
        )
    if found != SCHEMA_VERSION:
        raise StoreSchemaMismatch(
            f"The store {store.uri} has schema version {found}, this program reads and writes version "
            f"{SCHEMA_VERSION}. Use the tldmi-sweep that wrote it, or name another folder with --store."
        )
