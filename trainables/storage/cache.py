"""The cache on disk: files made once, written whole or not at all, shared by concurrent processes."""

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

CACHE_VARIABLE = "TLDMI_SWEEP_CACHE"


class CacheNotWritable(ValueError):
    """A cache folder that cannot be written; the message says what to do next."""


def cache_folder() -> Path:
    """Return ``$TLDMI_SWEEP_CACHE``, else ``tldmi-sweep`` in ``$XDG_CACHE_HOME`` or in ``~/.cache``."""
    own = os.environ.get(CACHE_VARIABLE)
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "tldmi-sweep"


def cached(name: str, build: Callable[[], bytes]) -> bytes:
    """Return the derived file ``name``, built on first use and kept.

    ``name`` carries whatever the bytes depend on (versions, a hash of settings). Of concurrent processes one
    builds and the others wait for it. When ``build`` raises, nothing is kept. Raises ``CacheNotWritable``.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", name):
        raise ValueError(f"derived file {name!r}: use letters, digits, '_', '-' and '.' only")
    return kept(cache_folder() / "derived" / name, build).read_bytes()


def kept(path: Path, build: Callable[[], bytes]) -> Path:
    """Return ``path`` itself, holding what ``build`` returned when the file was first asked for.

    A file that is there is neither locked nor touched, so a warm cache may be read-only.
    """
    if not path.exists():
        with _lock(path):
            if not path.exists():
                _write_atomically(path, build())
    return path


def _lock(path: Path) -> FileLock:
    # The probe turns a read-only or full disk into a clear error before a long build.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            return FileLock(path.with_name(f".{path.name}.lock"))
    except OSError as error:
        raise _not_writable(path.parent, error) from error


def _write_atomically(path: Path, data: bytes) -> None:
    """Write aside, flush to the disk, rename: a reader sees the whole file or none, even after a crash."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as aside:
            _fill(Path(aside.name), aside.fileno(), data, path)
    except OSError as error:
        raise _not_writable(path.parent, error) from error


def _fill(aside: Path, descriptor: int, data: bytes, path: Path) -> None:
    try:
        with open(descriptor, "wb", closefd=False) as handle:
            handle.write(data)
        os.fsync(descriptor)
        aside.chmod(0o644)  # temporary files are private, the cache may be shared
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _not_writable(folder: Path, error: OSError) -> CacheNotWritable:
    return CacheNotWritable(
        f"the cache folder {folder} cannot be written: {error.strerror or error}. "
        f"Free some space there, or set {CACHE_VARIABLE} to a folder that can be written."
    )
