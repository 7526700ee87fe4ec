"""The files of two downloaded sets: which picture has which role, pinned and checked. Imports no torch."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from search_spaces.datasets import DownloadedSets, SetSettings
from search_spaces.files import PinnedFolder
from trainables.datasets.picture_cache import CachedPictures, cached_pictures
from trainables.datasets.sets import InvalidDownload, PrivateSet, PublicSet, about, private_set, public_set
from trainables.datasets.sets.pictures import Part, some
from trainables.storage.cache import cache_folder, kept

Side = Literal["private", "public"]
SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True)
class Pair:
    """A private and a public set whose classes do not meet."""

    private: PrivateSet
    public: PublicSet

    @property
    def parts(self) -> dict[str, Part]:
        """The pictures by role."""
        return {"train": self.private.train, "test": self.private.test, "public": self.public.pictures}


def listed(settings: DownloadedSets) -> Pair:
    """Return the two sets. Raises ``InvalidDownload`` with what is wrong with either, or with both."""
    sides: list[PrivateSet | PublicSet] = []
    errors: list[str] = []
    for build in (private_set, public_set):
        try:
            sides.append(build(settings))
        except InvalidDownload as error:
            errors.append(str(error))
    private, public = sides if not errors else (None, None)
    if not isinstance(private, PrivateSet) or not isinstance(public, PublicSet):
        raise _refused(settings, errors)
    errors = _errors(private, public)
    if errors:
        raise _refused(settings, errors)
    return Pair(private, public)


def pinned(settings: DownloadedSets) -> DownloadedSets:
    """Return ``settings`` with absolute paths, and the hashes of their split where none are given.

    Raises ``InvalidDownload``.
    """
    roots = {side: own.root.absolute() for side, own in _sides(settings).items()}
    if not all(root.sha256 for root in roots.values()):
        pair = listed(_with_roots(settings, roots))
        roots = {side: root.with_hash(root.sha256 or _sha256(pair, side)) for side, root in roots.items()}
    return _with_roots(settings, roots)


def checked(settings: DownloadedSets) -> Pair:
    """Return the two sets, the split of each written into the cache as ``splits/<hash>.txt``.

    Raises ``InvalidDownload``, also when the split is not the one that the settings pin.
    """
    pair = listed(settings)
    found = {side: _sha256(pair, side) for side in SIDES}
    errors = [
        _changed(side, found[side], own.root.sha256)
        for side, own in _sides(settings).items()
        if own.root.sha256 not in {None, found[side]}
    ]
    if errors:
        raise _refused(settings, errors)
    for side, digest in found.items():
        _keep_split(pair, side, digest)
    return pair


def _keep_split(pair: Pair, side: Side, digest: str) -> None:
    kept(cache_folder() / "splits" / f"{digest}.txt", lambda: "".join(_lines(pair, side)).encode())


def _sides(settings: DownloadedSets) -> dict[Side, SetSettings]:
    return {"private": settings.private, "public": settings.public}


def _with_roots(settings: DownloadedSets, roots: Mapping[Side, PinnedFolder]) -> DownloadedSets:
    update: dict[str, SetSettings] = {
        side: own.model_copy(update={"root": roots[side]}) for side, own in _sides(settings).items()
    }
    return settings.model_copy(update=update)


def decoded(settings: DownloadedSets, pair: Pair) -> dict[str, CachedPictures]:
    """Return the pictures of ``pair`` by role, decoded into the cache when they are not there yet.

    Raises ``InvalidDownload`` for corrupt pictures, and for a file that is private and public.
    """
    parts = {role: cached_pictures(part, settings.resolution) for role, part in pair.parts.items()}
    public = dict(zip(parts["public"].digests(), pair.public.pictures.files, strict=True))
    same = [
        f"{file.path} = {public[digest].path}"
        for role in ("train", "test")
        for digest, file in zip(parts[role].digests(), pair.parts[role].files, strict=True)
        if digest in public
    ]
    if same:
        error = f"identical pictures are private and public: {some(same)}; remove one of each"
        raise _refused(settings, [error])
    return parts


def credit(settings: DownloadedSets) -> str:
    """Return the names of the two sets and their terms of use."""
    texts = [about(type(own)) for own in (settings.private, settings.public)]
    return "; ".join(dict.fromkeys(f"{text.title} ({text.terms})" for text in texts))


def _lines(pair: Pair, side: Side) -> Iterator[str]:
    """Return the split of one side: its rule, classes, then each picture's role, label, size and path."""
    own, roles = (pair.private, ("train", "test")) if side == "private" else (pair.public, ("public",))
    yield f"# {side}: {own.rule}\n"
    yield from (f"{side} class\t{label}\t{name}\n" for label, name in enumerate(own.class_names))
    for role in roles:
        part = pair.parts[role]
        for file, label in zip(part.files, part.labels, strict=True):
            yield f"{role}\t{label}\t{file.size}\t{file.path}\n"


def _sha256(pair: Pair, side: Side) -> str:
    digest = hashlib.sha256()
    for line in _lines(pair, side):
        digest.update(line.encode())
    return digest.hexdigest()


def _errors(private: PrivateSet, public: PublicSet) -> list[str]:
    shared = {_bare(name) for name in private.class_names} & {_bare(name) for name in public.class_names}
    names = sorted(name for name in private.class_names if _bare(name) in shared)
    errors = []
    if names:
        errors.append(f"private and public share the classes {some(names)}; the public ones must be others")
    for role, part in (("training", private.train), ("test", private.test)):
        if not part.files:
            errors.append(f"private: no {role} picture; give more classes or a larger set")
    return errors


def _bare(name: str) -> str:
    """Return a class name as it is compared: the same person is written with spaces or underscores.

    >>> _bare("Adam_Brody") == _bare("adam brody")
    True
    """
    return re.sub(r"[\W_]+", "", name).casefold()


def _changed(side: Side, found: str, pinned: str | None) -> str:
    return (
        f"{side}: the pictures or their split have changed: the hash is {found}, the sweep was started with "
        f"{pinned}; restore them, or leave the hash out to start another sweep"
    )


def _refused(settings: DownloadedSets, errors: list[str]) -> InvalidDownload:
    own, other = settings.private, settings.public
    count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    head = f"data {own.kind}={own.root.path},{other.kind}={other.root.path}: {count}:"
    return InvalidDownload("\n".join([head, *(f"  {error}" for error in errors)]))
