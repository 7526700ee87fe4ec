"""Files of buckets kept on this machine: named by their SHA-256, checked when read, bounded in size.

Any number of processes share the folder. A file gets its name only when its hash is right, so no half or
wrong file is ever found; one that a disk damaged is fetched again. A reader holds a link of its own: what
others remove to make room stays readable for it.

The environment may name a folder that the user has filled. Without our marker nothing there is removed, and
nothing is put beside it; with the marker, only files whose names the cache gives are removed.
"""

import contextlib
import fcntl
import hashlib
import math
import os
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from results.errors import InvalidSetting

FOLDER_VARIABLE = "TLDMI_SWEEP_CACHE"
"""Environment variable that names the cache folder of the program; artifacts lie in ``artifacts`` below."""

SIZE_VARIABLE = "TLDMI_SWEEP_ARTIFACT_CACHE_GB"
"""Environment variable: the most that artifacts of buckets may take, in GB (1e9 bytes); 0 keeps none."""

DEFAULT_GB = 20.0
_ABANDONED_SECONDS = 3600.0
_MARKER = ".tldmi-sweep-artifacts"
"""File that says that the folder was empty when the cache began to use it."""
_KEPT, _LINK = re.compile("[0-9a-f]{64}"), re.compile(r"\.[0-9a-f]{32}\.link")

Fetch = Callable[[Path], None]
"""Writes the bytes to the path it is given."""


class _Entry(NamedTuple):
    used: float
    size: int
    path: Path


class ArtifactCache:
    """A folder with at most ``most_bytes`` of files; those read longest ago make room for new ones."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most_bytes = folder, most_bytes

    @classmethod
    def of_this_machine(cls) -> "ArtifactCache":
        """Return the cache that the environment names; raises `InvalidSetting` for a size that is none."""
        own, shared = os.environ.get(FOLDER_VARIABLE), os.environ.get("XDG_CACHE_HOME")
        base = Path(own) if own else (Path(shared) if shared else Path.home() / ".cache") / "tldmi-sweep"
        return cls(base / "artifacts", _bytes_of(os.environ.get(SIZE_VARIABLE) or str(DEFAULT_GB)))

    @contextmanager
    def file(self, sha256: str | None, fetch: Fetch) -> Iterator[Path]:
        """Yield a file with the bytes of ``sha256``, fetched unless it is here; it is not to be changed.

        Without ``sha256``, without room, or where the folder cannot be written, it lives as long as the
        block. Bytes with another hash are not kept: the reader, who knows what they should be, gets them.
        """
        mine = self._folder / f".{uuid.uuid4().hex}.link"
        try:
            if sha256 is not None and self._most_bytes and self._provided(sha256, mine, fetch):
                yield mine
                return
        finally:
            with contextlib.suppress(OSError):
                mine.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="tldmi-download-") as folder:
            place = Path(folder) / "object"
            fetch(place)
            yield place

    def _provided(self, sha256: str, mine: Path, fetch: Fetch) -> bool:
        """Link the file of ``sha256`` to ``mine``, fetched first if need be; return whether it could be."""
        place = self._folder / sha256
        try:
            if not self._is_own():
                return False
            if self._linked(place, mine):
                return True
            with self._fetching(sha256):
                if self._linked(place, mine):
                    return True
                fetched = self._fetched(place, mine, fetch)
        except OSError:  # a full or read-only disk: the artifact is read all the same
            return False
        if fetched:
            self._make_room(place)
        return fetched

    def _is_own(self) -> bool:
        """Return whether the folder is the cache's; one that is missing or empty becomes so."""
        marker = self._folder / _MARKER
        if marker.is_file():
            return True
        self._folder.mkdir(parents=True, exist_ok=True)
        others = [path.name for path in self._folder.iterdir() if path.name != _MARKER]
        if others and not marker.is_file():  # another process may just have marked and begun to fill it
            return False
        marker.touch()
        return True

    def _fetched(self, place: Path, mine: Path, fetch: Fetch) -> bool:
        """Fetch to ``mine``, and name it if it has that hash and fits."""
        fetch(mine)
        if mine.stat().st_size > self._most_bytes or sha256_of(mine) != place.name:
            mine.unlink()
            return False
        os.link(mine, place)
        return True

    def _linked(self, place: Path, mine: Path) -> bool:
        """Link a file that is here and has its hash, and note its use; remove a damaged one."""
        try:
            os.link(place, mine)
        except FileNotFoundError:
            return False
        if sha256_of(mine) == place.name:
            os.utime(mine)
            return True
        mine.unlink()
        place.unlink(missing_ok=True)
        return False

    @contextmanager
    def _fetching(self, sha256: str) -> Iterator[None]:
        """Let one process fetch a file while the others wait for it."""
        with (self._folder / f".{sha256[:2]}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_room(self, newest: Path) -> None:
        """Remove the files used longest ago until the folder fits, and links of readers that were killed."""
        entries = self._entries()
        for entry in entries:
            if _LINK.fullmatch(entry.path.name) and time.time() - entry.used > _ABANDONED_SECONDS:
                entry.path.unlink(missing_ok=True)
        files = sorted(entry for entry in entries if _KEPT.fullmatch(entry.path.name))
        total = sum(entry.size for entry in files)
        for entry in files:
            if total > self._most_bytes and entry.path != newest:
                entry.path.unlink(missing_ok=True)
                total -= entry.size

    def _entries(self) -> list[_Entry]:
        entries = []
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # removed by another process meanwhile
                status = path.stat()
                entries.append(_Entry(status.st_mtime, status.st_size, path))
        return entries


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bytes_of(text: str) -> int:
    """Return the bytes of a number of GB.

    >>> _bytes_of("1.5")
    1500000000
    """
    try:
        size = float(text)
    except ValueError:
        size = math.nan
    if not 0 <= size < math.inf:
        raise InvalidSetting(f"{SIZE_VARIABLE}={text}: give a number of GB, 0 or more.")
    return int(size * 1e9)
