"""FFHQ: aligned faces of people without names, only ever public. Imports no torch."""

from pathlib import Path

from search_spaces.datasets import FFHQ, DownloadedSets
from trainables.datasets.framing import ALIGNED_FACES
from trainables.datasets.sets.folders import found, pictures_below, remedy, require_count
from trainables.datasets.sets.pictures import About, InvalidDownload, PublicSet
from trainables.datasets.sets.splits import public_set

PICTURES = 70_000
SIZES = {"thumbnails128x128": 128, "images256x256": 256, "images1024x1024": 1024}
ABOUT = About(
    title="FFHQ (Flickr faces, aligned)",
    layout="thumbnails128x128/, images256x256/ or images1024x1024/ with 00000/00000.png and so on",
    published="70,000 pictures",
    terms="CC BY-NC-SA 4.0; not for face recognition",
)


def public(own: FFHQ, data: DownloadedSets) -> PublicSet:
    """Return pictures out of the smallest folder that is large enough. Raises ``InvalidDownload``."""
    folder = _folder(own, data.resolution)
    files = pictures_below(folder, own.root.path)
    if not files:
        raise InvalidDownload(f"{folder}: no picture in it. {remedy()}")
    require_count(len(files), PICTURES, f"pictures in {folder}", data.partial)
    framing = ALIGNED_FACES[own.crop]
    pictures = [(file, 0) for file in files]
    return public_set(own.root.path, framing, pictures, ["ffhq"], "ffhq: all", data.public_images, data.seed)


def _folder(own: FFHQ, resolution: int) -> Path:
    there = [name for name in SIZES if (own.root.path / name).is_dir()]
    if not there:
        return found(own.root.path, (".",), "the folder of pictures")
    enough = [name for name in there if _kept(own, SIZES[name]) >= resolution]
    return own.root.path / (enough or there[-1:])[0]


def _kept(own: FFHQ, side: int) -> int:
    left, _, right, _ = ALIGNED_FACES[own.crop].box(side, side)
    return right - left
