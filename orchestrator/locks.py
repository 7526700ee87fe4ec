"""Locks between processes: files, freed by the system with their holder; in buckets, claims that expire."""

import fcntl
import hashlib
import json
import os
import platform
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.errors import SweepInUse
from results.store import is_bucket, local_path


def lock_folder(store_uri: str) -> Path:
    """Return the folder of a store's locks: inside a local store, else a temporary folder of this machine."""
    if urlsplit(store_uri).scheme in {"", "file"}:
        return Path(local_path(store_uri)) / ".locks"
    name = hashlib.sha256(store_uri.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"tldmi-locks-{os.getuid()}" / name


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
    """Hold the right to run this sweep on this store, against every process that can reach the store.

    On a folder by a file lock, in a bucket by a claim that is renewed; a driver that finds its claim taken
    (it was silent too long) is stopped, resumably. Raises ``SweepInUse``, naming the holder, when another
    process has it.
    """
    kind = _SweepClaim if is_bucket(store_uri) else _SweepFile
    lock = kind(store_uri, sweep_id)
    if not lock.try_acquire():
        raise SweepInUse(
            f"the sweep {sweep_id} on {store_uri} is being run by {_named(lock.holder())}; "
            "wait for it to end, stop it, or name another store with --store"
        )
    try:
        yield
    finally:
        lock.release()


class _SweepFile:
    """The right to a sweep as a file lock beside its store."""

    def __init__(self, store_uri: str, sweep_id: str) -> None:
        self._lock = FileLock(lock_folder(store_uri), f"sweep-{sweep_id}")

    def try_acquire(self) -> bool:
        """Take the right if it is free, sign it, and return whether this object has it."""
        if not self._lock.try_acquire():
            return False
        self._lock.sign(json.dumps(_signature()))
        return True

    def holder(self) -> object:
        """Return what the present holder wrote."""
        try:
            return json.loads(self._lock.signature())
        except ValueError:  # caught between taking the lock and signing it
            return {}

    def release(self) -> None:
        """Give the right up."""
        self._lock.release()


class _SweepClaim:
    """The right to a sweep as a claim in its bucket."""

    def __init__(self, store_uri: str, sweep_id: str) -> None:
        # boto3 takes a quarter of a second, which only stores in buckets should cost.
        from results.claims import Claim
        from results.s3_store import S3Store

        self._claim = Claim(S3Store(store_uri), f"claims/sweep-{sweep_id}.json", _stop_driver)

    def try_acquire(self) -> bool:
        """Take the right if it is free, sign it, and return whether this object has it."""
        return self._claim.try_acquire(_signature())

    def holder(self) -> object:
        """Return what the present holder wrote."""
        return self._claim.holder()

    def release(self) -> None:
        """Give the right up."""
        self._claim.release()


def _signature() -> dict[str, object]:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": platform.node(), "since": since}


def _stop_driver() -> None:
    """End the driver as if it were asked to: what it runs would be run a second time elsewhere."""
    os.kill(os.getpid(), signal.SIGTERM)


def _named(holder: object) -> str:
    if isinstance(holder, dict) and {"pid", "host", "since"} <= holder.keys():
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    return "another process"
