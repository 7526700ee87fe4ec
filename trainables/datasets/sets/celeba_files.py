"""The files of CelebA: who is on which picture, and where the pictures are. Imports no torch."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from trainables.datasets.sets.folders import (
    file_of,
    found,
    picture_names,
    remedy,
    require_count,
    require_files,
)
from trainables.datasets.sets.pictures import File, InvalidDownload

PICTURES, IDENTITIES = 202_599, 10_177
IDENTITY_FILE = ("identity_CelebA.txt", "Anno/identity_CelebA.txt")
PICTURE_FOLDERS = (
    "img_align_celeba/img_align_celeba",
    "img_align_celeba",
    "Img/img_align_celeba",
    "img_align_celeba_png",
    "Img/img_align_celeba_png",
)
"""The first is how a popular mirror packs the pictures, one folder deeper."""


class Photo(NamedTuple):
    """A line of ``identity_CelebA.txt``: the picture's number as text, and whose it is."""

    number: str
    identity: int


@dataclass(frozen=True)
class CelebAFiles:
    """``photos`` in the order of ``identity_CelebA.txt``; of a partial copy only those that are there."""

    folder: Path
    photos: list[Photo]
    present: dict[str, str]
    """Number of a picture -> the name of its file."""

    @cached_property
    def by_number(self) -> dict[str, Photo]:
        """Photos by their number."""
        return {photo.number: photo for photo in self.photos}

    def file(self, photo: Photo) -> File:
        """Return the file of a photo that ``require`` let pass."""
        return file_of(self.folder, self.present[photo.number])

    def require(self, photos: Iterable[Photo]) -> None:
        """Raise ``InvalidDownload`` that names the files missing among ``photos``."""
        wanted = [photo.number for photo in photos]
        missing = (f"{number}.jpg" for number in wanted if number not in self.present)
        require_files(missing, len(wanted), self.folder)


def read(root: Path, partial: bool) -> CelebAFiles:
    """Return the files of the copy at ``root``.

    Raises ``InvalidDownload`` for a missing, malformed or incomplete ``identity_CelebA.txt``, and for a
    missing or empty folder of pictures.
    """
    identity_file = found(root, IDENTITY_FILE, "the list of identities")
    folder = found(root, PICTURE_FOLDERS, "the folder of pictures")
    photos = _photos(identity_file)
    require_count(len(photos), PICTURES, f"lines in {identity_file}", partial)
    present: dict[str, str] = {}
    for name in picture_names(folder):
        # Where a number is there as .jpg and .png, the first by name counts.
        present.setdefault(name.partition(".")[0], name)
    if not present:
        raise InvalidDownload(f"{folder}: no picture in it. {remedy()}")
    if partial:
        photos = [photo for photo in photos if photo.number in present]
    return CelebAFiles(folder, photos, present)


def _photos(path: Path) -> list[Photo]:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidDownload(f"{path}: cannot be read ({error}); unpack it again") from error
    return [_photo(line, number, path) for number, line in enumerate(lines, 1) if line.strip()]


def _photo(line: str, number: int, path: Path) -> Photo:
    words = line.split()
    if len(words) != 2 or not words[1].isdigit():
        raise InvalidDownload(
            f"{path}, line {number}: {line!r} is not a file name and an identity, as in '000001.jpg 2880'"
        )
    return Photo(words[0].partition(".")[0], int(words[1]))
