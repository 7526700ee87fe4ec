"""MetFaces: aligned faces out of works of art, only ever public. Imports no torch."""

from search_spaces.datasets import DownloadedSets, MetFaces
from trainables.datasets.framing import ALIGNED_FACES
from trainables.datasets.sets.folders import found, pictures_in, require_count
from trainables.datasets.sets.pictures import About, PublicSet
from trainables.datasets.sets.splits import public_set

PICTURES = 1_336
ABOUT = About(
    title="MetFaces (faces in works of art, aligned)",
    layout="images/*.png",
    published="1,336 pictures",
    terms="CC BY-NC 2.0",
)


def public(own: MetFaces, data: DownloadedSets) -> PublicSet:
    """Return the pictures, all one class. Raises ``InvalidDownload``."""
    folder = found(own.root.path, ("images",), "the folder of pictures")
    files = pictures_in(folder, own.root.path)
    require_count(len(files), PICTURES, f"pictures in {folder}", data.partial)
    return public_set(
        own.root.path,
        ALIGNED_FACES[own.crop],
        [(file, 0) for file in files],
        ["metfaces"],
        "metfaces: all",
        data.public_images,
        data.seed,
    )
