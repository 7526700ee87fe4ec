"""FaceScrub: one folder of face pictures per person. Imports no torch.

Classes are the actors by name, then the actresses (or one flat level, by name). Private: 90 %
of all pictures, shuffled, for training (PPA). Links of FaceScrub are dead in part, so people are counted
and pictures are not.
"""

from pathlib import Path

from search_spaces.datasets import DownloadedSets, FaceScrub
from trainables.datasets.framing import LARGEST_SQUARE
from trainables.datasets.sets.folders import class_folders, folder_names, found, require_count
from trainables.datasets.sets.pictures import About, File, InvalidDownload, PrivateSet, PublicSet
from trainables.datasets.sets.splits import Labelled, part, public_set, shuffled_split

PEOPLE = 530
GROUPS = ("actors", "actresses")
ABOUT = About(
    title="FaceScrub (face crops)",
    layout="actors/faces/<person>/ and actresses/faces/<person>/ (or without faces/, or one level of people)",
    published="530 people; 106,863 pictures were linked, fewer are available",
    terms="non-commercial research; the pictures belong to their owners",
)


def private(own: FaceScrub, data: DownloadedSets) -> PrivateSet:
    """Return the people and the split of their pictures. Raises ``InvalidDownload``."""
    names, pictures = _people(own.root.path, data)
    sides = shuffled_split(pictures, data.seed)
    kept = names[: data.private_classes]
    train, test = ([item for item in side if item[1] < len(kept)] for side in sides)
    return PrivateSet(
        tuple(kept),
        train=part(own.root.path, LARGEST_SQUARE, train),
        test=part(own.root.path, LARGEST_SQUARE, test),
        rule="facescrub: 90 % of all pictures for training",
    )


def public(own: FaceScrub, data: DownloadedSets) -> PublicSet:
    """Return pictures of all people. Raises ``InvalidDownload``."""
    names, pictures = _people(own.root.path, data)
    return public_set(
        own.root.path, LARGEST_SQUARE, pictures, names, "facescrub: all people", data.public_images, data.seed
    )


def _people(root: Path, data: DownloadedSets) -> tuple[list[str], list[Labelled]]:
    names: list[str] = []
    folders: list[list[File]] = []
    for group in _groups(root):
        own = folder_names(group)
        names += own
        folders += class_folders(group, root, own)
    if not names:
        raise InvalidDownload(f"{root}: no people in it; it must hold {ABOUT.layout}")
    require_count(len(names), PEOPLE, f"people in {root}", data.partial)
    return names, [(file, label) for label, files in enumerate(folders) for file in files]


def _groups(root: Path) -> list[Path]:
    if not any((root / group).exists() for group in GROUPS):
        return [root]
    return [found(root, (f"{group}/faces", group), f"the folder of {group}") for group in GROUPS]
