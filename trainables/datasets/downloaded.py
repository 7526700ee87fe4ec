"""A private and a public set of the literature, downloaded by the user.

The pictures are mapped into memory from the cache (``picture_cache``), so that sets larger than the memory
can be used; which picture has which role is pinned (``downloaded_files``).
"""

import hashlib
import json

import torch

from search_spaces.datasets import DownloadedSets
from trainables.datasets.dataset import FaceData, LabelledImages
from trainables.datasets.downloaded_files import checked, credit, decoded
from trainables.datasets.picture_cache import CachedPictures
from trainables.datasets.sets.pictures import Part


def load(settings: DownloadedSets) -> FaceData:
    """Return the pictures as (N, 3, S, S), backed by files of the cache.

    Raises ``InvalidDownload`` when something is missing, corrupt, or private and public at once, and
    ``CacheNotWritable`` when the cache has no room.
    """
    pair = checked(settings)
    cached = decoded(settings, pair)
    splits = {role: _labelled(cached[role], part) for role, part in pair.parts.items()}
    names = (pair.private.class_names, pair.public.class_names)
    return FaceData(
        name="downloaded",
        private_train=splits["train"],
        private_test=splits["test"],
        public=splits["public"],
        class_names=names[0],
        public_class_names=names[1],
        content_hash=_content_hash(names, cached, splits),
        credit=credit(settings),
    )


def _labelled(cached: CachedPictures, part: Part) -> LabelledImages:
    return LabelledImages(torch.from_numpy(cached.pixels()), torch.tensor(part.labels, dtype=torch.int64))


def _content_hash(
    names: tuple[tuple[str, ...], ...], cached: dict[str, CachedPictures], splits: dict[str, LabelledImages]
) -> str:
    digest = hashlib.sha256(json.dumps(names).encode())
    for role, split in splits.items():
        digest.update(json.dumps([cached[role].sha256, list(split.images.shape)]).encode())
        digest.update(split.labels.numpy().astype("<i8").tobytes())
    return digest.hexdigest()
