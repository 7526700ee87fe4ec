"""Decoded pictures on disk: each file is decoded once per framing and size, then mapped into memory.

A folder of the cache holds ``pixels.u8`` (N, 3, S, S), ``digests.bin`` (16 bytes a picture, of the file's
bytes) and ``about.json``. It is written aside, whole, and moved in one step, so that any number of processes
may ask at once. Pictures stream through, a batch at a time: a set may be larger than the memory. Imports no
torch.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from trainables.datasets.framing import Framing, framed
from trainables.datasets.image_decoding import UNREADABLE
from trainables.datasets.sets.pictures import File, InvalidDownload, Part, some
from trainables.storage.cache import CACHE_VARIABLE, CacheNotWritable, cache_folder

LAYOUT = 1
"""Raised when the files of the cache change their meaning."""
DIGEST = 16
"""Bytes of a file's digest: collisions of 10^7 pictures are out of the question."""
BATCH = 256
"""Pictures decoded before they are written."""
BROKEN_SHOWN = 10
"""Corrupt pictures after which decoding stops."""
SPOT_CHECKS = 16
"""Pictures whose pixels are compared with their recorded hash whenever the cache is used."""
THREADS = 8
"""Decoding threads at most; Pillow decodes outside Python's lock."""
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Record:
    """What ``about.json`` says of the pixels beside it."""

    layout: int
    count: int
    resolution: int
    sha256: str
    """Of all pixels in order."""
    spots: str
    """Of the pixels of some pictures."""


@dataclass(frozen=True)
class CachedPictures:
    """Decoded pictures in a folder of the cache."""

    folder: Path
    record: Record

    @property
    def sha256(self) -> str:
        """SHA-256 of all pixels in order, computed when they were decoded."""
        return self.record.sha256

    def pixels(self) -> NDArray[np.uint8]:
        """Return the pictures (N, 3, S, S) mapped into memory; what is written to them stays in memory."""
        side = self.record.resolution
        return np.memmap(
            self.folder / "pixels.u8", np.uint8, mode="c", shape=(self.record.count, 3, side, side)
        )

    def digests(self) -> list[bytes]:
        """Return the digest of each picture's file."""
        data = (self.folder / "digests.bin").read_bytes()
        return [data[start : start + DIGEST] for start in range(0, len(data), DIGEST)]


def cached_pictures(part: Part, resolution: int) -> CachedPictures:
    """Return the decoded pictures of ``part``, decoding them when the cache lacks them.

    A cache that is damaged is built anew, and so is one of files that have changed in size or time. Raises
    ``InvalidDownload`` that names pictures which cannot be decoded; then nothing is kept. Raises
    ``CacheNotWritable`` when there is no room.
    """
    folder = cache_folder() / "pictures" / _key(part, resolution)
    return _intact(folder, part, resolution) or _built(folder, part, resolution)


def _key(part: Part, resolution: int) -> str:
    digest = hashlib.sha256(
        json.dumps([LAYOUT, str(part.root.absolute()), part.framing.name, resolution]).encode()
    )
    for file in part.files:
        digest.update(f"{file.path}\0{file.size}\0{file.changed}\n".encode())
    return digest.hexdigest()[:32]


def _intact(folder: Path, part: Part, resolution: int) -> CachedPictures | None:
    """Return the cache in ``folder`` if it is whole, as far as sizes and spot checks show."""
    try:
        record = Record(**json.loads((folder / "about.json").read_text()))
        cached = CachedPictures(folder, record)
        whole = (
            (record.layout, record.count, record.resolution) == (LAYOUT, len(part.files), resolution)
            and (folder / "pixels.u8").stat().st_size == record.count * 3 * resolution**2
            and (folder / "digests.bin").stat().st_size == record.count * DIGEST
        )
        return cached if whole and _spots(cached.pixels()) == record.spots else None
    except (OSError, ValueError, TypeError):  # absent, or not what was written: build it (anew)
        return None


def _spots(pixels: NDArray[np.uint8]) -> str:
    digest = hashlib.sha256()
    for index in np.linspace(0, len(pixels) - 1, SPOT_CHECKS).astype(int):
        digest.update(pixels[index].tobytes())
    return digest.hexdigest()


def _built(folder: Path, part: Part, resolution: int) -> CachedPictures:
    with _locked(folder, needed=len(part.files) * (3 * resolution**2 + DIGEST)):
        existing = _intact(folder, part, resolution)
        if existing is not None:
            return existing
        LOG.info("decoding %d pictures of %s to %d pixels", len(part.files), part.root, resolution)
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        try:
            record = _write(aside, part, resolution)
            shutil.rmtree(folder, ignore_errors=True)  # a damaged one; whoever has it mapped keeps it
            aside.chmod(0o755)  # temporary folders are private, the cache may be shared
            aside.replace(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return CachedPictures(folder, record)


@contextlib.contextmanager
def _locked(folder: Path, needed: int) -> Iterator[None]:
    """Hold the lock of ``folder``; raise ``CacheNotWritable`` first where it cannot be made."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder.parent):
            free = shutil.disk_usage(folder.parent).free
    except OSError as error:
        raise _no_room(folder, error.strerror or str(error)) from error
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if free < needed and not folder.exists():
            raise _no_room(folder, f"{needed / 2**30:.1f} GiB are needed, {free / 2**30:.1f} are free")
        yield


def _no_room(folder: Path, reason: str) -> CacheNotWritable:
    return CacheNotWritable(
        f"the cache folder {folder.parent} cannot take the decoded pictures: {reason}. "
        f"Free some space there, or set {CACHE_VARIABLE} to a folder with room."
    )


def _write(aside: Path, part: Part, resolution: int) -> Record:
    try:
        sha256 = _decode_all(aside, part, resolution)
        record = Record(LAYOUT, len(part.files), resolution, sha256, spots="")
        spots = _spots(CachedPictures(aside, record).pixels())
        record = Record(**{**asdict(record), "spots": spots})
        (aside / "about.json").write_text(json.dumps(asdict(record)))
    except OSError as error:
        raise _no_room(aside, error.strerror or str(error)) from error
    return record


def _decode_all(aside: Path, part: Part, resolution: int) -> str:
    """Write pixels and digests, and return the SHA-256 of the pixels. Raises ``InvalidDownload``."""
    digest, broken = hashlib.sha256(), list[str]()
    with (aside / "pixels.u8").open("wb") as pixels, (aside / "digests.bin").open("wb") as digests:
        for decoded in _decoded(part, resolution):
            broken += [entry for entry in decoded if isinstance(entry, str)]
            if len(broken) >= BROKEN_SHOWN:
                break
            for entry in decoded:
                if not isinstance(entry, str):
                    digest.update(entry[0])
                    pixels.write(entry[0])
                    digests.write(entry[1])
        for handle in (pixels, digests):
            handle.flush()
            os.fsync(handle.fileno())
    if broken:
        stopped = " (decoding stopped there)" if len(broken) >= BROKEN_SHOWN else ""
        raise InvalidDownload(
            f"{part.root}: pictures that cannot be used: {some(broken)}{stopped}; "
            "unpack them again, or take them out"
        )
    return digest.hexdigest()


def _decoded(part: Part, resolution: int) -> Iterator[list[tuple[bytes, bytes] | str]]:
    decode = partial(_entry, part.root, part.framing, resolution)
    workers = min(THREADS, len(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        for batch in _batches(part.files):
            yield list(pool.map(decode, batch))


def _batches(files: Sequence[File]) -> Iterator[list[File]]:
    remaining = iter(files)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _entry(root: Path, framing: Framing, resolution: int, file: File) -> tuple[bytes, bytes] | str:
    """Return pixels and digest of a file, or what is wrong with it."""
    try:
        path = root / file.path
        digest = hashlib.blake2b(path.read_bytes(), digest_size=DIGEST).digest()
        return framed(path, framing, resolution).tobytes(), digest
    except UNREADABLE as error:
        return f"{file.path} ({error or type(error).__name__})"
