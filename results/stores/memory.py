"""A store in the memory of this process: for tests and notebooks; it ends with the process."""

import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, NamedTuple

from results.errors import InvalidPath, PathMissing
from results.stores.byte_store import StoredFile
from results.stores.full_disk import full_disk_is_told
from results.stores.paths import check_name, check_path
from results.stores.store import Store


class _Kept(NamedTuple):
    data: bytes
    written: float
    tag: str


class MemoryStore(Store):
    """Rows and bytes under ``memory://NAME``; every store of that name in this process is the same one."""

    _places: ClassVar[dict[str, dict[str, _Kept]]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, uri: str) -> None:
        self._name = check_name(uri.removeprefix("memory://"))
        with self._lock:
            self._files = self._places.setdefault(self._name, {})

    def __reduce__(self) -> tuple[type["MemoryStore"], tuple[str]]:
        return MemoryStore, (self.uri,)

    @property
    def uri(self) -> str:
        """``memory://NAME``."""
        return f"memory://{self._name}"

    def put_bytes(self, path: str, data: bytes) -> None:
        """Keep a copy of ``data`` under ``path``."""
        self._files[check_path(path)] = _Kept(bytes(data), time.monotonic(), uuid.uuid4().hex)

    def get_bytes(self, path: str) -> bytes:
        """Return the bytes under ``path``; raises `PathMissing`."""
        try:
            return self._files[check_path(path)].data
        except KeyError as error:
            raise PathMissing(f"Nothing is stored under {path!r} in {self.uri}.") from error

    def exists(self, path: str) -> bool:
        """Return whether something is stored under ``path``."""
        return check_path(path) in self._files

    def list_paths(self, prefix: str = "") -> list[str]:
        """Return every stored path that starts with ``prefix``, sorted."""
        return sorted(path for path in list(self._files) if path.startswith(prefix))

    def stored(self, prefix: str = "") -> list[StoredFile]:
        """Return size and age of everything under ``prefix``, sorted by path."""
        now, files = time.monotonic(), dict(self._files)
        return [
            StoredFile(path, len(kept.data), now - kept.written, kept.tag)
            for path, kept in sorted(files.items())
            if path.startswith(prefix)
        ]

    def delete(self, path: str) -> None:
        """Forget what is stored under ``path``, if anything is."""
        self._files.pop(check_path(path), None)

    def leftovers(self) -> list[StoredFile]:
        """Return nothing: a write in memory is never half."""
        return []

    def delete_leftover(self, name: str) -> None:
        """Refuse: there are none. Raises `InvalidPath`."""
        raise InvalidPath(f"{name!r} is not a half-written file of {self.uri}.")

    def check_writable(self) -> None:
        """Do nothing: memory can be written."""

    @contextmanager
    def file_to_read(self, path: str, sha256: str | None = None) -> Iterator[Path]:
        """Yield a temporary file with the bytes under ``path``."""
        data = self.get_bytes(path)
        with tempfile.TemporaryDirectory(prefix="tldmi-memory-") as folder:
            file = Path(folder) / "file"
            file.write_bytes(data)
            yield file

    @contextmanager
    def file_to_write(self, path: str) -> Iterator[Path]:
        """Yield a temporary file whose bytes are kept when the block ends without an error."""
        check_path(path)
        with tempfile.TemporaryDirectory(prefix="tldmi-memory-") as folder:
            file = Path(folder) / "file"
            with full_disk_is_told(tempfile.gettempdir()):
                yield file
            self.put_bytes(path, file.read_bytes())
