"""Folders of pictures: finds, lists and counts them, and says what is missing. Imports no torch.

Hidden entries are left out. Symbolic links are followed, since large sets are often put together of them.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from trainables.datasets.image_folder_files import ENDINGS
from trainables.datasets.sets.pictures import File, InvalidDownload, some


def found(root: Path, candidates: Sequence[str], what: str) -> Path:
    """Return the first of ``candidates`` that exists below ``root``.

    Raises ``InvalidDownload`` when none does, with what ``root`` holds instead.
    """
    for candidate in candidates:
        if (root / candidate).exists():
            return root / candidate
    wanted = " or ".join(str(root / candidate) for candidate in candidates)
    raise InvalidDownload(f"{what} is missing: there is no {wanted}; {_instead(root)}")


def _instead(root: Path) -> str:
    if not root.is_dir():
        return f"{root} is not a folder: give the folder that the download was unpacked into"
    names = sorted(entry.name for entry in root.iterdir() if not entry.name.startswith("."))
    return f"{root} holds {some(names)}" if names else f"{root} is empty"


def pictures_in(folder: Path, root: Path) -> list[File]:
    """Return the pictures that lie directly in ``folder``, by name. Raises ``InvalidDownload``."""
    prefix = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
    return [file_of(folder, name, prefix) for name in picture_names(folder)]


def picture_names(folder: Path) -> list[str]:
    """Return the names of the pictures directly in ``folder``, sorted. Raises ``InvalidDownload``."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if _is_picture(entry))
    except OSError as error:
        raise _unreadable(folder, error) from error


def file_of(folder: Path, name: str, prefix: str = "") -> File:
    """Return file ``name`` of ``folder``, its path starting with ``prefix``. Raises ``InvalidDownload``."""
    try:
        status = os.stat(f"{folder}/{name}")
    except OSError as error:
        raise _unreadable(folder / name, error) from error
    return File(prefix + name, status.st_size, status.st_mtime_ns)


def _is_picture(entry: "os.DirEntry[str]") -> bool:
    name = entry.name
    return f".{name.rpartition('.')[2].lower()}" in ENDINGS and name[0] != "." and entry.is_file()


def _unreadable(path: Path, error: OSError) -> InvalidDownload:
    return InvalidDownload(f"{path}: {error.strerror}; make it readable or take it out")


def pictures_below(folder: Path, root: Path) -> list[File]:
    """Return the pictures in ``folder`` and in all folders below it, folder by folder."""
    inner = [file for name in folder_names(folder) for file in pictures_below(folder / name, root)]
    return pictures_in(folder, root) + inner


def folder_names(folder: Path) -> list[str]:
    """Return the names of the folders in ``folder``, sorted. Raises ``InvalidDownload``."""
    try:
        with os.scandir(folder) as entries:
            return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
    except OSError as error:
        raise InvalidDownload(
            f"{folder}: {error.strerror}; give the folder that the download was unpacked into"
        ) from error


def class_folders(folder: Path, root: Path, classes: Sequence[str]) -> list[list[File]]:
    """Return the pictures of each class folder. Raises ``InvalidDownload`` that names the empty ones."""
    pictures = [pictures_in(folder / name, root) for name in classes]
    empty = [name for name, files in zip(classes, pictures, strict=True) if not files]
    if empty:
        raise InvalidDownload(
            f"{folder}: no picture in {some(empty)}; unpack the download again, or take these folders out"
        )
    return pictures


def require_count(count: int, published: int, what: str, partial: bool) -> None:
    """Raise ``InvalidDownload`` unless there are as many as published, or ``partial`` sets are accepted."""
    if partial or count == published:
        return
    difference = published - count
    state = f"{difference} are missing" if difference > 0 else f"{-difference} too many"
    raise InvalidDownload(f"{count} {what} instead of the published {published}: {state}. {remedy()}")


def require_files(missing: Iterable[str], of: int, where: Path) -> None:
    """Raise ``InvalidDownload`` that names the missing files, if there are any."""
    names = sorted(missing)
    if names:
        raise InvalidDownload(
            f"{where}: {len(names)} of {of} pictures are missing: {some(names)}. {remedy()}"
        )


def remedy() -> str:
    """Return what to do about a set of which something is missing."""
    return (
        "Unpack the whole download; or accept a part of the set with --set data.partial=true "
        "(its numbers are then not comparable with published ones)"
    )
