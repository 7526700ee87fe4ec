"""AFHQ dogs: portraits of dogs, only ever public. Imports no torch.

Both versions are read: training pictures in ``train/dog``, the others in ``val/dog`` (1) or ``test/dog`` (2).
"""

from search_spaces.datasets import AFHQDogs, DownloadedSets
from trainables.datasets.framing import LARGEST_SQUARE
from trainables.datasets.sets.folders import found, pictures_in, remedy
from trainables.datasets.sets.pictures import About, File, InvalidDownload, PublicSet
from trainables.datasets.sets.splits import public_set

LEAST = 4_500
"""Training pictures of either version: 4,739 in the first, some less in the second."""
ABOUT = About(
    title="AFHQ dogs",
    layout="train/dog/, and val/dog/ or test/dog/",
    published="4,739 training pictures in version 1, slightly fewer in version 2",
    terms="CC BY-NC 4.0",
)


def public(own: AFHQDogs, data: DownloadedSets) -> PublicSet:
    """Return the pictures, all one class. Raises ``InvalidDownload``."""
    folder = found(own.root.path, ("train/dog",), "the training part")
    files = pictures_in(folder, own.root.path)
    if len(files) < LEAST and not data.partial:
        raise InvalidDownload(
            f"{folder}: {len(files)} pictures, either version of AFHQ has more than {LEAST}. {remedy()}"
        )
    files += _held_out(own)
    pictures = [(file, 0) for file in files]
    return public_set(
        own.root.path,
        LARGEST_SQUARE,
        pictures,
        ["afhq_dogs"],
        "afhq_dogs: all",
        data.public_images,
        data.seed,
    )


def _held_out(own: AFHQDogs) -> list[File]:
    folders = [own.root.path / part / "dog" for part in ("val", "test")]
    return [file for folder in folders if folder.is_dir() for file in pictures_in(folder, own.root.path)]
