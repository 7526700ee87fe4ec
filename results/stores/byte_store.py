"""The byte operations that a place offers: what a store of rows is built on."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import ClassVar, NamedTuple

from results.stores.address import StoreAddress


class StoredFile(NamedTuple):
    """Something in a store: its path, its bytes, and the seconds since it was written.

    ``tag`` is another one after every write.
    """

    path: str
    size: int
    age: float
    tag: str = ""


class ByteStore(ABC):
    """Named bytes under one URI."""

    readers: ClassVar[int] = 8
    """Parts of a table that are read at once."""

    @property
    @abstractmethod
    def uri(self) -> str:
        """The place of the store, absolute: `open_store` of it, on any process, opens the same store."""

    @cached_property
    def address(self) -> StoreAddress:
        """The address that `uri` is."""
        return StoreAddress.parse(self.uri)

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
