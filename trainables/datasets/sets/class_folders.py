"""One folder of pictures per class: PubFig83 and any other labelled set. Imports no torch."""

from search_spaces.datasets import ClassFolders, DownloadedSets
from trainables.datasets.framing import LARGEST_SQUARE
from trainables.datasets.sets.folders import class_folders, folder_names
from trainables.datasets.sets.pictures import About, InvalidDownload, PrivateSet, PublicSet
from trainables.datasets.sets.splits import part, public_set, split_per_class

ABOUT = About(
    title="class folders (PubFig83 and others)",
    layout="<class>/*.jpg, .png, ...: one folder of pictures per class",
    published="any number; PubFig83 has 83 people",
    terms="those of the pictures",
)


def private(own: ClassFolders, data: DownloadedSets) -> PrivateSet:
    """Return the first classes by name, a tenth of each for testing. Raises ``InvalidDownload``."""
    names = _classes(own)[: data.private_classes]
    if len(names) < 2:
        raise InvalidDownload(f"{own.root.path}: a single class, {names[0]!r}; a classifier needs at least 2")
    train, test = split_per_class(class_folders(own.root.path, own.root.path, names), data.seed)
    return PrivateSet(
        tuple(names),
        train=part(own.root.path, LARGEST_SQUARE, train),
        test=part(own.root.path, LARGEST_SQUARE, test),
        rule="class_folders: own split, a tenth of each class for testing",
    )


def public(own: ClassFolders, data: DownloadedSets) -> PublicSet:
    """Return pictures of all classes. Raises ``InvalidDownload``."""
    names = _classes(own)
    folders = class_folders(own.root.path, own.root.path, names)
    pictures = [(file, label) for label, files in enumerate(folders) for file in files]
    return public_set(
        own.root.path, LARGEST_SQUARE, pictures, names, "class_folders: all", data.public_images, data.seed
    )


def _classes(own: ClassFolders) -> list[str]:
    names = folder_names(own.root.path)
    if not names:
        raise InvalidDownload(f"{own.root.path}: no class in it; make one sub-folder of pictures per class")
    return names
