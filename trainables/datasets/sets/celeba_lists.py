"""The published lists of GMI and its successors, where the user has them. Imports no torch.

``trainset.txt`` and ``testset.txt`` hold a file name and a label a line, ``ganset.txt`` a file name a line
(with whatever after it); names end in ``.png`` or ``.jpg``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from search_spaces.datasets import CelebA, DownloadedSets
from trainables.datasets.sets.celeba_files import CelebAFiles, Photo
from trainables.datasets.sets.folders import require_count
from trainables.datasets.sets.pictures import InvalidDownload, some
from trainables.datasets.sets.splits import Labelled

COUNTS = {"trainset.txt": 27_018, "testset.txt": 3_009, "ganset.txt": 30_000}
PUBLISHED_RULE = "the published lists"
Line = tuple[Photo, list[str]]


@dataclass(frozen=True)
class PublishedLists:
    """The pictures of the three lists, private ones with their labels."""

    train: list[Labelled]
    test: list[Labelled]
    public: list[Photo]


def lists_of(
    own: CelebA, files: CelebAFiles, chosen: Sequence[int], data: DownloadedSets
) -> PublishedLists | None:
    """Return the lists, or ``None`` where none is to be used or none of the three is there.

    Raises ``InvalidDownload`` when some but not all are there, and for lists of other pictures, counts or
    labels than the identities ``chosen``: label = rank.
    """
    if own.variant != "gmi" or own.lists == "never":
        return None
    absent = [name for name in COUNTS if not (own.root.path / name).is_file()]
    if len(absent) == len(COUNTS):
        return None
    if absent:
        raise InvalidDownload(
            f"{own.root.path}: of the published lists {some(absent)} is missing; put all three "
            "there, or none, or ignore them with --set data.private.lists=never"
        )
    train, test, public = (_lines(own.root.path / name, count, files, data) for name, count in COUNTS.items())
    _require_apart([photo for photo, _ in train], [photo for photo, _ in test], own.root.path)
    return PublishedLists(
        _labelled(train, files, chosen, own.root.path / "trainset.txt"),
        _labelled(test, files, chosen, own.root.path / "testset.txt"),
        [photo for photo, _ in public],
    )


def _lines(path: Path, published: int, files: CelebAFiles, data: DownloadedSets) -> list[Line]:
    words = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    require_count(len(words), published, f"lines in {path}", data.partial)
    unknown = [line[0] for line in words if _number(line[0]) not in files.by_number]
    if unknown and not data.partial:
        raise InvalidDownload(f"{path}: identity_CelebA.txt does not know {some(unknown)}; take a fresh copy")
    known = [line for line in words if _number(line[0]) in files.by_number]
    found = [(files.by_number[_number(line[0])], line[1:]) for line in known]
    files.require(photo for photo, _ in found)
    return found


def _number(name: str) -> str:
    return name.partition(".")[0]


def _labelled(lines: Iterable[Line], files: CelebAFiles, chosen: Sequence[int], path: Path) -> list[Labelled]:
    labels = {identity: label for label, identity in enumerate(chosen)}
    wrong = [
        f"{photo.number} with label {' '.join(rest) or 'none'}"
        for photo, rest in lines
        if rest != [str(labels.get(photo.identity))]
    ]
    if wrong:
        raise InvalidDownload(
            f"{path}: {some(wrong)}: not the rank of the picture's identity among those with at least 30 "
            "pictures; take fresh copies of the lists and of identity_CelebA.txt"
        )
    return [(files.file(photo), labels[photo.identity]) for photo, _ in lines]


def _require_apart(train: Iterable[Photo], test: Iterable[Photo], root: Path) -> None:
    both = {photo.number for photo in train} & {photo.number for photo in test}
    if both:
        raise InvalidDownload(f"{root}: {some(sorted(both))} stand in trainset.txt and in testset.txt")
