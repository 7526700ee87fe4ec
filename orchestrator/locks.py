"""Locks between processes: files, freed by the system with their holder; in buckets, claims that expire."""

import fcntl
import hashlib
import json
import os
import platform
import secrets
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.errors import SweepInUse
from results.stores.store import is_bucket, local_path

ATTEMPTS = 4
PAUSE_SECONDS = 0.05


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

    def is_free(self) -> bool:
        """Return whether nobody holds the lock, this object included; takes nothing."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    def sign(self, text: str) -> None:
        """Write who holds the lock into its file."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text.encode(), 0)

    def signature(self) -> str:
        """Return what the holder wrote, or nothing."""
        return self._path.read_text(encoding="utf-8") if self._path.exists() else ""


@contextmanager
def sweep_lock(store_uri: str, sweep_id: str) -> Iterator[str]:
    """Hold the right to run this sweep on this store, against every process that can reach the store.

    Gives the identity of this run. On a folder by a file lock, in a bucket by a claim that is renewed; a
    driver that finds its claim taken (it was silent too long) is stopped, resumably. Raises ``SweepInUse``,
    naming the holder, when another process has it.
    """
    run = secrets.token_hex(8)
    lock = _sweep_right(store_uri, sweep_id)
    if not lock.try_acquire(run):
        raise SweepInUse(
            f"the sweep {sweep_id} on {store_uri} is being run by {_named(lock.holder())}; "
            "wait for it to end, stop it, or name another store with --store"
        )
    try:
        yield run
    finally:
        lock.release()


def sweep_holder(store_uri: str, sweep_id: str) -> dict[str, object] | None:
    """Return what the driver that runs this sweep now wrote (``pid``, ``host``, ``since``, ``run``).

    ``None`` when nobody runs it: a driver that died has lost its file lock at once; in a bucket it counts as
    alive until its claim expires, except on the machine where it can be seen to be dead.
    """
    right = _sweep_right(store_uri, sweep_id)
    return right.holder() if right.is_held() else None


def _sweep_right(store_uri: str, sweep_id: str) -> "_SweepFile | _SweepClaim":
    return (_SweepClaim if is_bucket(store_uri) else _SweepFile)(store_uri, sweep_id)


class _SweepFile:
    """The right to a sweep as a file lock beside its store."""

    def __init__(self, store_uri: str, sweep_id: str) -> None:
        self._lock = FileLock(lock_folder(store_uri), f"sweep-{sweep_id}")

    def try_acquire(self, run: str) -> bool:
        """Take the right if it is free, sign it, and return whether this object has it.

        Asked a few times, for a moment: whoever looks whether it is held touches the lock.
        """
        for _ in range(ATTEMPTS):
            if self._lock.try_acquire():
                self._lock.sign(json.dumps(_signature(run)))
                return True
            time.sleep(PAUSE_SECONDS)
        return False

    def is_held(self) -> bool:
        """Return whether a living process has the right."""
        return not self._lock.is_free()

    def holder(self) -> dict[str, object]:
        """Return what the present holder wrote."""
        try:
            written = json.loads(self._lock.signature())
        except ValueError:  # caught between taking the lock and signing it
            return {}
        return written if isinstance(written, dict) else {}

    def release(self) -> None:
        """Give the right up."""
        self._lock.release()


class _SweepClaim:
    """The right to a sweep as a claim in its bucket."""

    def __init__(self, store_uri: str, sweep_id: str) -> None:
        # boto3 takes a quarter of a second, which only stores in buckets should cost.
        from results.stores.claims import Claim
        from results.stores.s3 import S3Store

        store, path = S3Store(store_uri), f"claims/sweep-{sweep_id}.json"
        self._claim = Claim(store, path, _stop_driver, is_dead=is_dead_here)

    def try_acquire(self, run: str) -> bool:
        """Take the right if it is free, sign it, and return whether this object has it."""
        return self._claim.try_acquire(_signature(run))

    def is_held(self) -> bool:
        """Return whether a process has the right that renewed it lately and is not known to be dead."""
        return self._claim.is_held()

    def holder(self) -> dict[str, object]:
        """Return what the present holder wrote."""
        return self._claim.holder()

    def release(self) -> None:
        """Give the right up."""
        self._claim.release()


def _signature(run: str) -> dict[str, object]:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    pid = os.getpid()
    process = {"machine": _machine(), "process": _process(pid)}
    return {"pid": pid, "host": platform.node(), "since": since, "run": run, **process}


def is_dead_here(holder: Mapping[str, object]) -> bool:
    """Return whether the process that signed ran on this machine, where it is no more.

    A machine is known by its boot and its space of process numbers, not by its name: containers share names.
    """
    pid, machine = holder.get("pid"), holder.get("machine")
    if not isinstance(pid, int) or machine is None or machine != _machine():
        return False
    return _process(pid) != holder.get("process")


def _machine() -> str | None:
    """Return an identity of this boot of this machine, as its processes see it; ``None`` where unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None


def _process(pid: int) -> str | None:
    """Return what tells the process from others that had or get its number: when it started."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state == "Z" else fields[18]


def _stop_driver() -> None:
    """End the driver as if it were asked to: what it runs would be run a second time elsewhere."""
    os.kill(os.getpid(), signal.SIGTERM)


def _named(holder: Mapping[str, object]) -> str:
    if {"pid", "host", "since"} <= holder.keys():
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    return "another process"
