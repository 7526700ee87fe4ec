"""A temporary folder of one run: removed in the end, or by the next run when its own was killed.

The temporary directory is the user's. What is removed there must prove that a run of ours made it: a name of
the pattern of ours, and in it a lock file that was there before, that names this very folder, and that nobody
holds. Names alone prove nothing. The lock file goes last, so a removal that fails is tried again.
"""

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "tldmi-run-"
OURS = re.compile(re.escape(PREFIX) + "[a-z0-9_]{8}")
"""Names that ``mkdtemp`` makes of the prefix."""
LOCK = ".tldmi-sweep-run.lock"
LONGEST_HOME = 24
"""Characters of the temporary folder's path that leave room for Ray's sockets below it (107 in all)."""


@contextmanager
def work_folder(home: Path | None = None) -> Iterator[Path]:
    """Make a folder, lock it, and remove it in the end; remove those of runs that were killed first."""
    home = home or _home()
    _remove_abandoned(home)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
    lock = _sign(folder)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def _home() -> Path:
    chosen = tempfile.gettempdir()
    return Path(chosen if len(chosen) <= LONGEST_HOME else "/tmp")  # noqa: S108  (mkdtemp makes a private folder)


def _sign(folder: Path) -> int:
    """Make the lock file of a new folder and return its descriptor, which holds the lock.

    Until the file names its folder, nobody else removes the folder.
    """
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # another run may hold it for the moment in which it looks
    os.write(lock, _signature(folder))
    return lock


def _signature(folder: Path) -> bytes:
    """Return what the lock file of ``folder`` says; a copy or a renamed folder has another one."""
    return f"{folder.name} {folder.lstat().st_ino}\n".encode()


def _remove_abandoned(home: Path) -> None:
    for folder in home.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), _abandoned(folder) as abandoned:
            if abandoned:
                _remove(folder)


@contextmanager
def _abandoned(folder: Path) -> Iterator[bool]:
    """Give whether a run of ours made ``folder`` and is dead; its lock is held meanwhile, and never made.

    Raises ``OSError`` for what has no such lock, or one that a running process holds.
    """
    status = folder.lstat()
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file, signature = os.fstat(lock), _signature(folder)
        yield (
            OURS.fullmatch(folder.name) is not None
            and stat.S_ISDIR(status.st_mode)  # and not a link to one
            and status.st_uid == file.st_uid == os.getuid()
            and file.st_nlink == 1  # 0: another run has just removed it
            and os.pread(lock, len(signature) + 1, 0) == signature
        )
    finally:
        os.close(lock)


def _remove(folder: Path) -> None:
    """Remove what is in ``folder``, then the lock file, then the folder; what resists is left."""
    with contextlib.suppress(OSError):
        for entry in folder.iterdir():
            if entry.name != LOCK:
                _remove_entry(entry)
        if [entry.name for entry in folder.iterdir()] == [LOCK]:
            (folder / LOCK).unlink()
            folder.rmdir()


def _remove_entry(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)
