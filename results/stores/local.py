"""A store in a local folder: each file is written beside its place under a hidden name, then renamed."""

import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from results.errors import InvalidPath, PathMissing, StoreNotWritable, StoreUnreachable
from results.stores.byte_store import StoredFile
from results.stores.full_disk import full_disk_is_told
from results.stores.paths import check_path, is_path
from results.stores.store import Store

_PROBE_BYTES = 1 << 20
_HALF, _PROBE = ".part", ".probe-"
_LEFTOVER = re.compile(r"\.[0-9a-f]{32}\.part|\.probe-[0-9a-f]{32}")
"""Names that only a write of ours gives; another hidden file is not ours to remove."""


class LocalStore(Store):
    """Rows and bytes in the folder ``root``; made with its parents on the first write."""

    def __init__(self, root: str | Path) -> None:
        self._root = Path(root).expanduser().absolute()

    @property
    def uri(self) -> str:
        """The absolute path of the folder."""
        return str(self._root)

    def put_bytes(self, path: str, data: bytes) -> None:
        """Write ``data`` under ``path`` in one step and make it durable."""
        with self.file_to_write(path) as file, self._writing():
            file.write_bytes(data)

    def get_bytes(self, path: str) -> bytes:
        """Return the bytes under ``path``; raises `PathMissing`."""
        try:
            return self._place(path).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise PathMissing(f"Nothing is stored under {path!r} in {self.uri}.") from error

    def exists(self, path: str) -> bool:
        """Return whether something is stored under ``path``."""
        with self._reading():
            return self._place(path).is_file()

    def list_paths(self, prefix: str = "") -> list[str]:
        """Return every stored path that starts with ``prefix``, sorted; hidden files are none."""
        folder = prefix.rpartition("/")[0]
        top = self._place(folder) if folder else self._root
        with self._reading():
            return sorted(path for path in self._walk(top) if path.startswith(prefix))

    def stored(self, prefix: str = "") -> list[StoredFile]:
        """Return size and age of everything under ``prefix``, sorted by path."""
        return _described(self._root, self.list_paths(prefix))

    def delete(self, path: str) -> None:
        """Remove what is stored under ``path``, if anything is."""
        with self._writing():
            place = self._place(path)
            if place.is_file():
                place.unlink(missing_ok=True)  # another process may be as fast

    def leftovers(self) -> list[StoredFile]:
        """Return the hidden files of writes that were killed, with their paths in the store."""
        paths = [
            (Path(folder) / name).relative_to(self._root).as_posix()
            for folder, _, files in os.walk(self._root, onerror=_raise_unless_absent)
            for name in files
            if _is_leftover(name)
        ]
        return _described(self._root, sorted(paths))

    def delete_leftover(self, name: str) -> None:
        """Remove one file of `leftovers`, if it is still there."""
        folder, _, file = name.rpartition("/")
        place = (self._place(folder) if folder else self._root) / file
        if not _is_leftover(file):
            raise InvalidPath(f"{name!r} is not a half-written file of {self.uri}.")
        with self._writing():
            place.unlink(missing_ok=True)

    @contextmanager
    def file_to_read(self, path: str, sha256: str | None = None) -> Iterator[Path]:
        """Yield the file itself; it is not to be changed."""
        if not self.exists(path):
            raise PathMissing(f"Nothing is stored under {path!r} in {self.uri}.")
        yield self._place(path)

    @contextmanager
    def file_to_write(self, path: str) -> Iterator[Path]:
        """Yield a hidden file beside ``path``, synced and renamed when the block ends without an error."""
        place = self._place(path)
        aside = place.parent / f".{uuid.uuid4().hex}{_HALF}"
        with self._writing():
            place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with full_disk_is_told(f"the store {self.uri}"):
                yield aside
            with self._writing():
                _sync(aside)
                os.replace(aside, place)
                _sync(place.parent)
        except BaseException:
            with suppress(OSError):  # a read-only file system: the first error says so
                aside.unlink(missing_ok=True)
            raise

    def check_writable(self) -> None:
        """Write, sync and remove a probe of 1 MiB; raises `StoreNotWritable` with the reason."""
        probe = self._root / f"{_PROBE}{uuid.uuid4().hex}"
        with self._writing():
            self._root.mkdir(parents=True, exist_ok=True)
            try:
                probe.write_bytes(bytes(_PROBE_BYTES))
                _sync(probe)
            finally:
                probe.unlink(missing_ok=True)

    def _place(self, path: str) -> Path:
        return self._root / check_path(path)

    def _walk(self, top: Path) -> list[str]:
        stored = []
        for folder, _, files in os.walk(top, onerror=_raise_unless_absent):
            relative = Path(folder).relative_to(self._root).as_posix()
            base = "" if relative == "." else f"{relative}/"
            stored += [f"{base}{name}" for name in files if not name.startswith(".")]
        return [path for path in stored if is_path(path)]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Say of an error of the system what it means for a reader: it is no answer about what is there."""
        try:
            yield
        except OSError as error:
            raise StoreUnreachable(
                f"Cannot list the store {self.uri}: {error.strerror or error}. Grant permission there, "
                "or name another folder with --store."
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say of an error of the system what it means for a writer."""
        try:
            yield
        except OSError as error:
            raise StoreNotWritable(
                f"Cannot write to the store {self.uri}: {error.strerror or error}. Free space or grant "
                "permission there, or name another folder with --store."
            ) from error


def _raise_unless_absent(error: OSError) -> None:
    """Let a folder that cannot be read be an error: taken for empty, its units would be made again."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _is_leftover(name: str) -> bool:
    return _LEFTOVER.fullmatch(name) is not None


def _described(root: Path, paths: list[str]) -> list[StoredFile]:
    """Return size and age of files; those that were removed meanwhile are left out."""
    now, files = time.time(), []
    for path in paths:
        try:
            status = (root / path).stat()
        except FileNotFoundError:
            continue
        tag = f"{status.st_mtime_ns}-{status.st_ino}-{status.st_size}"
        files.append(StoredFile(path, status.st_size, now - status.st_mtime, tag))
    return files


def _sync(path: Path) -> None:
    """Make the bytes of a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
