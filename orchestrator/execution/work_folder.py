"""A temporary folder of one run: removed in the end, or by the next run when its own was killed."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.locks import FileLock

PREFIX = "tldmi-sweep-"
LONGEST_HOME = 24
"""Characters of the temporary folder's path that leave room for Ray's sockets below it (107 in all)."""
YOUNG_SECONDS = 60
"""Age below which a folder may be one whose run has not locked it yet."""


@contextmanager
def work_folder(home: Path | None = None) -> Iterator[Path]:
    """Make a folder, lock it, and remove it in the end; remove those of runs that were killed first."""
    home = home or _home()
    _remove_abandoned(home)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
    lock = _lock(folder)
    lock.try_acquire()
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _home() -> Path:
    chosen = tempfile.gettempdir()
    return Path(chosen if len(chosen) <= LONGEST_HOME else "/tmp")  # noqa: S108  (mkdtemp makes a private folder)


def _remove_abandoned(home: Path) -> None:
    for folder in home.glob(f"{PREFIX}*"):
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    try:
        old = time.time() - folder.stat().st_mtime > YOUNG_SECONDS
        lock = _lock(folder)
        abandoned = old and lock.try_acquire()
    except OSError:  # somebody else's, or gone by now
        return False
    lock.release()
    return abandoned


def _lock(folder: Path) -> FileLock:
    return FileLock(folder, "run")
