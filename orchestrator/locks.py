"""Locks between processes: files, freed by the system with their holder; in buckets, claims that expire."""

import fcntl
import json
import os
import platform
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from orchestrator.errors import SweepInUse
from results.stores.address import StoreAddress

ATTEMPTS = 4
PAUSE_SECONDS = 0.05
COLLECTOR = "collector"
"""Name of the lease on removing and merging files of a store."""
LOST = "the lease of the sweep was not renewed in time, and another process may run the sweep now"
"""Why a driver ends that lost its claim."""


class FileLock:
    """An exclusive lock on a file; the file stays, so that two holders can never lock different ones."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.lock"
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """Take the lock if it is free and return whether this object holds it."""
        if self._descriptor is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
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


class Lease(NamedTuple):
    """The lease on a sweep, as its holder has it."""

    run: str
    """Identity of this run."""
    still_held: Callable[[], bool]
    """Whether the lease is still held; ask before anything is written that needs it."""


@contextmanager
def sweep_lock(
    address: StoreAddress, sweep_id: str, on_loss: Callable[[str], None] | None = None
) -> Iterator[Lease]:
    """Hold the lease on this sweep of this store, against every process that can reach the store.

    On a folder by a file lock, in a bucket by a claim that is renewed. A driver that finds its claim taken
    (it was silent too long) is told with the reason; without ``on_loss`` it is sent SIGTERM. Raises
    ``SweepInUse``, naming the holder, when another process has it.
    """
    what = f"the sweep {sweep_id} on {address.uri} is being run"
    with _hold(_lease(address, _of_sweep(sweep_id), on_loss), what) as lease:
        # Looked at after the lease is taken, as a collector looks for sweeps after it has taken its own:
        # whoever comes second sees the other.
        collector = _lease(address, COLLECTOR)
        if collector.is_held():
            raise SweepInUse(
                f"files of {address.uri} are being removed or merged by {_name_holder(collector.holder())}; "
                "run the same command again when that has ended"
            )
        yield lease


@contextmanager
def collector_lock(address: StoreAddress) -> Iterator[Callable[[str], AbstractContextManager[Lease]]]:
    """Hold the lease on removing and merging files of a store: no sweep begins meanwhile.

    Gives a lock for each sweep that may run already: ``sweep_lock`` without regard to the collector. Both
    raise ``SweepInUse``.
    """

    def _lock(sweep_id: str) -> AbstractContextManager[Lease]:
        what = f"the sweep {sweep_id} on {address.uri} is being run"
        return _hold(_lease(address, _of_sweep(sweep_id)), what)

    with _hold(_lease(address, COLLECTOR), f"files of {address.uri} are being removed or merged"):
        yield _lock


@contextmanager
def _hold(lease: "_FileLease | _ClaimedLease", what: str) -> Iterator[Lease]:
    run = secrets.token_hex(8)
    if not lease.try_acquire(run):
        raise SweepInUse(
            f"{what} by {_name_holder(lease.holder())}; "
            "wait for it to end, stop it, or name another store with --store"
        )
    try:
        yield Lease(run, lease.still_held)
    finally:
        lease.release()


def sweep_holder(address: StoreAddress, sweep_id: str) -> dict[str, object] | None:
    """Return what the driver that runs this sweep now wrote (``pid``, ``host``, ``since``, ``run``).

    ``None`` when nobody runs it: a driver that died has lost its file lock at once; in a bucket it counts as
    alive until its claim expires, except on the machine where it can be seen to be dead.
    """
    lease = _lease(address, _of_sweep(sweep_id))
    return lease.holder() if lease.is_held() else None


def _of_sweep(sweep_id: str) -> str:
    return f"sweep-{sweep_id}"


def _lease(
    address: StoreAddress, name: str, on_loss: Callable[[str], None] | None = None
) -> "_FileLease | _ClaimedLease":
    if address.is_bucket:
        return _ClaimedLease(address, name, on_loss or _end_process)
    return _FileLease(address, name)


class _FileLease:
    """A lease on a store as a file lock beside it."""

    def __init__(self, address: StoreAddress, name: str) -> None:
        self._lock = FileLock(address.lock_folder, name)

    def try_acquire(self, run: str) -> bool:
        """Take the lease if it is free, sign it, and return whether this object has it.

        Asked a few times, for a moment: whoever looks whether it is held touches the lock.
        """
        for _ in range(ATTEMPTS):
            if self._lock.try_acquire():
                self._lock.sign(json.dumps(_signature(run)))
                return True
            time.sleep(PAUSE_SECONDS)
        return False

    def still_held(self) -> bool:
        """Return that the lease is held: a file lock ends with its process alone."""
        return True

    def is_held(self) -> bool:
        """Return whether a living process has the lease."""
        return not self._lock.is_free()

    def holder(self) -> dict[str, object]:
        """Return what the present holder wrote."""
        try:
            written = json.loads(self._lock.signature())
        except ValueError:  # caught between taking the lock and signing it
            return {}
        return written if isinstance(written, dict) else {}

    def release(self) -> None:
        """Give the lease up."""
        self._lock.release()


class _ClaimedLease:
    """A lease on a store as a claim in its bucket."""

    def __init__(self, address: StoreAddress, name: str, on_loss: Callable[[str], None]) -> None:
        # boto3 takes a quarter of a second, which only stores in buckets should cost.
        from results.stores.claims import Claim
        from results.stores.s3 import S3Store

        store, path = S3Store(address.uri), f"claims/{name}.json"
        self._claim = Claim(store, path, lambda: on_loss(LOST), lives=lives_here)

    def still_held(self) -> bool:
        """Return whether the lease is still held; asks the bucket after a silence."""
        return self._claim.still_held()

    def try_acquire(self, run: str) -> bool:
        """Take the lease if it is free, sign it, and return whether this object has it."""
        return self._claim.try_acquire(_signature(run))

    def is_held(self) -> bool:
        """Return whether a process has the lease that renewed it lately and is not known to be dead."""
        return self._claim.is_held()

    def holder(self) -> dict[str, object]:
        """Return what the present holder wrote."""
        return self._claim.holder()

    def release(self) -> None:
        """Give the lease up."""
        self._claim.release()


def _signature(run: str) -> dict[str, object]:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    pid = os.getpid()
    process = {"machine": _machine(), "process": _process(pid)}
    return {"pid": pid, "host": platform.node(), "since": since, "run": run, **process}


def lives_here(holder: Mapping[str, object]) -> bool | None:
    """Return whether the process that signed lives on this machine or is dead; nothing if it ran elsewhere.

    A machine is known by its boot and its space of process numbers, not by its name: containers share names.
    A process that is stopped lives: it goes on with its sweep when it is continued.
    """
    pid, machine = holder.get("pid"), holder.get("machine")
    if not isinstance(pid, int) or machine is None or machine != _machine():
        return None
    process = _process(pid)
    return process is not None and process == holder.get("process")


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


def _end_process(_reason: str) -> None:
    """End this process as if it were asked to: another one does its work now."""
    os.kill(os.getpid(), signal.SIGTERM)


def _name_holder(holder: Mapping[str, object]) -> str:
    if {"pid", "host", "since"} <= holder.keys():
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    return "another process"
