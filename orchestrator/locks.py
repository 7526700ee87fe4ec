"""Locks between processes of one machine: released by the system when their holder dies, however it dies."""

import fcntl
import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.errors import SweepInUse
from results.store import local_path


def lock_folder(store_uri: str) -> Path:
    """Return the folder of a store's locks: inside a local store, else a temporary folder of this machine."""
    if urlsplit(store_uri).scheme in {"", "file"}:
        return Path(local_path(store_uri)) / ".locks"
    name = hashlib.sha256(store_uri.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"tldmi-sweep-locks-{os.getuid()}" / name


class FileLock:
    """An exclusive lock on a file; the file stays, so that two holders can never lock different ones."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.lock"
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """Take the lock if it is free and return whether this object holds it."""
        if self._descriptor is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock up; without holding it, nothing happens."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def sign(self, text: str) -> None:
        """Write who holds the lock into its file."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text.encode(), 0)

    def signature(self) -> str:
        """Return what the holder wrote, or nothing."""
        return self._path.read_text(encoding="utf-8") if self._path.exists() else ""


@contextmanager
def sweep_lock(store_uri: str, sweep_id: str) -> Iterator[None]:
    """Hold the right to run this sweep on this store.

    Raises ``SweepInUse``, naming the holder, when another process has it.
    """
    lock = FileLock(lock_folder(store_uri), f"sweep-{sweep_id}")
    if not lock.try_acquire():
        raise SweepInUse(
            f"the sweep {sweep_id} on {store_uri} is being run by {_holder(lock.signature())}; "
            "wait for it to end, stop it, or name another folder with --store"
        )
    try:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        lock.sign(json.dumps({"pid": os.getpid(), "host": platform.node(), "since": started}))
        yield
    finally:
        lock.release()


def _holder(signature: str) -> str:
    try:
        holder = json.loads(signature)
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):  # caught between taking the lock and signing it
        return "another process"
