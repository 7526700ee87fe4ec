"""The files of two downloaded sets: which picture has which role, pinned and checked. Imports no torch."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from search_spaces.datasets import DownloadedSets
from trainables.datasets.picture_cache import CachedPictures, cached_pictures
from trainables.datasets.sets import InvalidDownload, PrivateSet, PublicSet, about, private_set, public_set
from trainables.datasets.sets.pictures import Part, some
from trainables.storage.cache import cache_folder, kept


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


def content_of(settings: DownloadedSets) -> str:
    """Return the SHA-256 of the pinned split; where the folders lie does not matter.

    Raises ``InvalidDownload``.
    """
    return _sha256(listed(settings))


def pinned(settings: DownloadedSets) -> DownloadedSets:
    """Return ``settings`` with absolute paths and the content they have now, unless one is pinned already.

    Raises ``InvalidDownload``.
    """
    sides = {
        side: own.model_copy(update={"root": own.root.expanduser().absolute()})
        for side, own in (("private", settings.private), ("public", settings.public))
    }
    settings = settings.model_copy(update=sides)
    return settings.model_copy(update={"content": settings.content or content_of(settings)})


def checked(settings: DownloadedSets) -> Pair:
    """Return the two sets, their split written into the cache as ``splits/<content>.txt``.

    Raises ``InvalidDownload``, also when the split is not the one that ``settings.content`` pins.
    """
    pair = listed(settings)
    found = _sha256(pair)
    if settings.content not in {None, found}:
        raise _refused(settings, [_changed(settings, found)])
    kept(cache_folder() / "splits" / f"{found}.txt", lambda: "".join(_lines(pair)).encode())
    return pair


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


def _lines(pair: Pair) -> Iterator[str]:
    """Return the text of the pinned split: rules, classes, then each picture's role, label, size and path."""
    yield f"# private: {pair.private.rule}\n# public: {pair.public.rule}\n"
    for side, names in (("private", pair.private.class_names), ("public", pair.public.class_names)):
        yield from (f"{side} class\t{label}\t{name}\n" for label, name in enumerate(names))
    for role, part in pair.parts.items():
        for file, label in zip(part.files, part.labels, strict=True):
            yield f"{role}\t{label}\t{file.size}\t{file.path}\n"


def _sha256(pair: Pair) -> str:
    digest = hashlib.sha256()
    for line in _lines(pair):
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


def _changed(settings: DownloadedSets, found: str) -> str:
    return (
        f"the pictures or their split have changed: the content hash is {found}, the sweep was started with "
        f"{settings.content}; restore them, or start another sweep without `content`"
    )


def _refused(settings: DownloadedSets, errors: list[str]) -> InvalidDownload:
    own, other = settings.private, settings.public
    count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    head = f"data {own.kind}={own.root},{other.kind}={other.root}: {count}:"
    return InvalidDownload("\n".join([head, *(f"  {error}" for error in errors)]))
