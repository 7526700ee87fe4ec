"""LSUN cars as pictures, only ever public. Imports no torch.

The official download is a database (LMDB) of 5.5 million pictures; it must be exported to files first.
"""

from search_spaces.datasets import DownloadedSets, LSUNCars
from trainables.datasets.framing import SQUEEZED
from trainables.datasets.sets.folders import found, pictures_below
from trainables.datasets.sets.pictures import About, InvalidDownload, PublicSet
from trainables.datasets.sets.splits import public_set

ABOUT = About(
    title="LSUN cars",
    layout="pictures in any folders, exported from LSUN's car_lmdb",
    published="5,520,756 pictures; any number is accepted",
    terms="research; the pictures belong to their owners",
)


def public(own: LSUNCars, data: DownloadedSets) -> PublicSet:
    """Return the pictures, all one class. Raises ``InvalidDownload``."""
    files = pictures_below(found(own.root.path, (".",), "the folder of pictures"), own.root.path)
    if not files and any(own.root.path.rglob("*.mdb")):
        raise InvalidDownload(
            f"{own.root.path}: LSUN's database itself is not read; export its pictures (LSUN's own tool "
            "does it) and give the folder of pictures"
        )
    pictures = [(file, 0) for file in files]
    return public_set(
        own.root.path, SQUEEZED, pictures, ["lsun_cars"], "lsun_cars: all", data.public_images, data.seed
    )
