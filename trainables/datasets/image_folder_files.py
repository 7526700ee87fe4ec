"""The files of an image folder: lists, checks and hashes them. Imports no torch.

Classes are the sub-folders of ``private`` and ``public``, pictures the files in them with a known ending.
Hidden entries and symbolic links inside the two folders are left out, as are deeper folders and other files.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from search_spaces.datasets import ImageFolder
from trainables.datasets.image_decoding import UNREADABLE, decode
from trainables.datasets.sets.pictures import some

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".pgm"})


class InvalidImageFolder(ValueError):
    """Image folders that cannot be used; the message lists every error found."""


@dataclass(frozen=True)
class Picture:
    """One file and the SHA-256 of its bytes."""

    path: Path
    sha256: str


Classes = dict[str, list[Picture]]
"""Class name -> its pictures, both sorted by name."""


@dataclass(frozen=True)
class Files:
    """All pictures of an image folder."""

    private: Classes
    public: Classes


def side_hash(classes: Classes) -> str:
    """Return the SHA-256 over the class names, file names and bytes of the pictures of one folder.

    Where the folder lies does not matter.
    """
    plain = {name: [[own.path.name, own.sha256] for own in pictures] for name, pictures in classes.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def checked(settings: ImageFolder) -> Files:
    """Return all files of folders that can be used; every picture is decoded.

    Raises ``InvalidImageFolder`` with every reason why they cannot.
    """
    files = listed(settings)
    errors = [
        *_class_errors(files),
        *_overlap_errors(files),
        *_corrupt_errors(settings, files),
        *_content_errors(settings, files),
    ]
    _raise_all(settings, errors)
    return files


def listed(settings: ImageFolder) -> Files:
    """Return all pictures. Raises ``InvalidImageFolder`` for folders and files that cannot be read."""
    errors: list[str] = []
    private = _side(settings.private.path, "private", errors)
    public = _side(settings.public.path, "public", errors)
    _raise_all(settings, errors)
    return Files(private=private, public=public)


def _raise_all(settings: ImageFolder, errors: list[str]) -> None:
    if errors:
        count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
        head = f"image folder private={settings.private.path} public={settings.public.path}: {count}:"
        raise InvalidImageFolder("\n".join([head, *(f"  {error}" for error in errors)]))


def _side(folder: Path, side: str, errors: list[str]) -> Classes:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        errors.append(
            f"{side} folder {folder}: {error.strerror}; "
            "give an existing, readable folder with one sub-folder per class"
        )
        return {}
    classes = {entry.name: _class(entry, errors) for entry in entries if _is_own(entry) and entry.is_dir()}
    if not classes:
        instead = _instead(entries)
        errors.append(f"{side} folder {folder}: no class in it{instead}; make one sub-folder per class")
    return classes


def _is_own(entry: Path) -> bool:
    return not entry.name.startswith(".") and not entry.is_symlink()


def _instead(entries: list[Path]) -> str:
    links = sum(entry.is_symlink() for entry in entries)
    loose = sum(_is_picture(entry) for entry in entries)
    counts = {"symbolic links, which are not followed": links, "pictures outside any class": loose}
    found = [f"{count} {what}" for what, count in counts.items() if count]
    return f" (but {' and '.join(found)})" if found else ""


def _is_picture(entry: Path) -> bool:
    return _is_own(entry) and entry.suffix.lower() in ENDINGS and entry.is_file()


def _class(folder: Path, errors: list[str]) -> list[Picture]:
    try:
        paths = sorted(entry for entry in folder.iterdir() if _is_picture(entry))
        return [Picture(path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths]
    except OSError as error:
        errors.append(f"{error.filename or folder}: {error.strerror}; make it readable or take it out")
        return []


def _class_errors(files: Files) -> Iterable[str]:
    if len(files.private) == 1:
        yield f"private: a single class, {next(iter(files.private))!r}; a classifier needs at least 2"
    few = [name for name, pictures in files.private.items() if len(distinct(pictures)) < 2]
    if few:
        yield f"private: fewer than 2 different pictures in {_quoted(few)}; each class needs two"
    empty = [name for name, pictures in files.public.items() if not pictures]
    if empty:
        endings = ", ".join(sorted(ENDINGS))
        yield f"public: no picture ({endings}) in {_quoted(empty)}; add some or remove the class"


def _overlap_errors(files: Files) -> Iterable[str]:
    names = sorted(files.private.keys() & files.public.keys())
    if names:
        yield f"private and public share the classes {_quoted(names)}; the public ones must be other people"
    for title, places in (
        ("identical pictures in private and public", _across(_places(files.private), _places(files.public))),
        ("identical pictures in different private classes", _between_classes(_places(files.private))),
    ):
        if places:
            yield f"{title}: {some(places)}; remove one of each"


def _places(classes: Classes) -> dict[str, list[Path]]:
    """Return hash -> where such a picture lies."""
    places: dict[str, list[Path]] = defaultdict(list)
    for pictures in classes.values():
        for picture in pictures:
            places[picture.sha256].append(picture.path)
    return places


def _across(private: Mapping[str, list[Path]], public: Mapping[str, list[Path]]) -> list[str]:
    return sorted(f"{private[digest][0]} = {public[digest][0]}" for digest in private.keys() & public.keys())


def _between_classes(private: Mapping[str, list[Path]]) -> list[str]:
    several = (paths for paths in private.values() if len({path.parent for path in paths}) > 1)
    return sorted(" = ".join(str(path) for path in paths) for paths in several)


def _corrupt_errors(settings: ImageFolder, files: Files) -> Iterable[str]:
    broken = [
        f"{picture.path} ({reason})"
        for side in (files.private, files.public)
        for pictures in side.values()
        for picture in pictures
        if (reason := _failure(partial(decode, picture.path, settings.channels, settings.resolution)))
    ]
    if broken:
        yield f"cannot be read as pictures: {some(broken)}; repair them or take them out"


def _failure(action: Callable[[], object]) -> str | None:
    try:
        action()
    except UNREADABLE as error:
        return str(error) or type(error).__name__
    return None


def _content_errors(settings: ImageFolder, files: Files) -> Iterable[str]:
    for side, folder, classes in (
        ("private", settings.private, files.private),
        ("public", settings.public, files.public),
    ):
        found = side_hash(classes)
        if folder.sha256 not in (None, found):
            yield (
                f"{side}: the pictures have changed: their hash is {found}, the sweep was started with "
                f"{folder.sha256}; restore them, or leave the hash out to start another sweep"
            )


def distinct(pictures: Iterable[Picture]) -> list[Picture]:
    """Return the pictures without the repeated ones: of identical files the first counts."""
    first: dict[str, Picture] = {}
    for picture in pictures:
        first.setdefault(picture.sha256, picture)
    return list(first.values())


def _quoted(names: list[str]) -> str:
    return some([repr(name) for name in names])
