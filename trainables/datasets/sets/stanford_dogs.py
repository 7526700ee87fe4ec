"""Stanford Dogs: 120 breeds, the training and the test list together. Imports no torch.

90 % of all pictures, shuffled from the order of the two lists, are for training (PPA).
"""

from pathlib import Path

from search_spaces.datasets import DownloadedSets, StanfordDogs
from trainables.datasets.framing import LARGEST_SQUARE
from trainables.datasets.sets.folders import (
    folder_names,
    found,
    pictures_in,
    remedy,
    require_count,
    require_files,
)
from trainables.datasets.sets.matlab_lists import columns
from trainables.datasets.sets.pictures import About, InvalidDownload, PrivateSet
from trainables.datasets.sets.splits import Labelled, part, shuffled_split

BREEDS, PICTURES = 120, 20_580
ABOUT = About(
    title="Stanford Dogs",
    layout="Images/n02085620-Chihuahua/*.jpg and so on; train_list.mat and test_list.mat, here or in lists/",
    published="20,580 pictures of 120 breeds",
    terms="research; the pictures are from ImageNet and belong to their owners",
)


def private(own: StanfordDogs, data: DownloadedSets) -> PrivateSet:
    """Return the breeds and the split of their pictures. Raises ``InvalidDownload``."""
    folder = found(own.root.path, ("Images",), "the folder of pictures")
    names = folder_names(folder)
    require_count(len(names), BREEDS, f"breeds in {folder}", data.partial)
    pictures = _listed(own.root.path, folder, names, data)
    sides = shuffled_split(pictures, data.seed)
    kept = names[: data.private_classes]
    train, test = ([item for item in side if item[1] < len(kept)] for side in sides)
    return PrivateSet(
        tuple(kept),
        train=part(folder, LARGEST_SQUARE, train),
        test=part(folder, LARGEST_SQUARE, test),
        rule="stanford_dogs: 90 % of both lists for training",
    )


def _listed(root: Path, folder: Path, names: list[str], data: DownloadedSets) -> list[Labelled]:
    """Return the pictures in the order of the two lists."""
    present = {file.path: file for name in names for file in pictures_in(folder / name, folder)}
    listed = [path for name in ("train_list.mat", "test_list.mat") for path in _paths(root, name)]
    require_count(len(listed), PICTURES, f"pictures in the lists of {root}", data.partial)
    missing = [path for path in listed if path not in present]
    if not data.partial:
        require_files(missing, len(listed), folder)
    labels = {name: label for label, name in enumerate(names)}
    kept = [present[path] for path in listed if path in present]
    if not kept:
        raise InvalidDownload(f"{folder}: none of the pictures in the lists is there. {remedy()}")
    return [(file, labels[file.path.partition("/")[0]]) for file in kept]


def _paths(root: Path, name: str) -> list[str]:
    (paths,) = columns(found(root, (name, f"lists/{name}"), f"the list {name}"), ("file_list",))
    return paths
