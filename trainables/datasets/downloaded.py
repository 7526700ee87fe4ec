"""A private and a public set of the literature, downloaded by the user.

The pictures are mapped into memory from the cache (``picture_cache``), so that sets larger than the memory
can be used; which picture has which role is pinned (``downloaded_files``).
"""

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING

from search_spaces.datasets import PRIVATE_SETS, PUBLIC_SETS, DownloadedSets, SetSettings
from trainables.datasets.data_source import DataKind, DataSource, PictureCounts
from trainables.datasets.downloaded_files import checked, credit, decoded, listed, pinned
from trainables.datasets.picture_cache import CachedPictures
from trainables.datasets.sets import about, private_set
from trainables.implementations import implements

if TYPE_CHECKING:
    from trainables.datasets.dataset import FaceData, LabelledImages


@implements(DownloadedSets)
class DownloadedSource(DataSource[DownloadedSets]):
    """The pictures of two downloaded sets."""

    def load(self) -> "FaceData":
        """Return the pictures as (N, 3, S, S), backed by files of the cache.

        Raises ``InvalidDownload`` when something is missing, corrupt, or private and public at once, and
        ``CacheNotWritable`` when the cache has no room.
        """
        return _loaded(self.settings)

    def private_classes(self) -> int:
        """Return the number of private classes. Raises ``InvalidDownload``."""
        return self.settings.private_classes or len(private_set(self.settings).class_names)

    def count_pictures(self) -> PictureCounts:
        """Return the pictures of each class. Raises ``InvalidDownload``."""
        counts = {role: Counter(part.labels) for role, part in listed(self.settings).parts.items()}
        classes = range(self.private_classes())
        return PictureCounts(
            train=tuple(counts["train"][label] for label in classes),
            test=tuple(counts["test"][label] for label in classes),
            public=tuple(counts["public"].values()),
        )

    def private_people(self) -> frozenset[str]:
        """Return the private set and the names of its classes. Raises ``InvalidDownload``."""
        names = private_set(self.settings).class_names[: self.settings.private_classes]
        return frozenset(f"{self.settings.private.kind} {name}" for name in names)

    def credit(self) -> str:
        """Return the names of the two sets and their terms of use."""
        return credit(self.settings)

    def pin(self) -> DownloadedSets:
        """Return the settings with absolute paths and the hash of the pinned split."""
        return pinned(self.settings)

    def check(self) -> None:
        """List and count the pictures. Raises ``InvalidDownload``."""
        checked(self.settings)

    def prepare(self) -> None:
        """Decode all pictures into the cache, unless they are there. Raises what loading would raise."""
        decoded(self.settings, checked(self.settings))

    @classmethod
    def describe(cls) -> tuple[DataKind, ...]:
        """Return each set of the literature in words."""
        return tuple(_described(own) for own in dict.fromkeys([*PRIVATE_SETS, *PUBLIC_SETS]))


def _described(own: type[SetSettings]) -> DataKind:
    sides = (("private", PRIVATE_SETS), ("public", PUBLIC_SETS))
    roles = tuple(role for role, sets in sides if own in tuple(sets))
    text = about(own)
    return DataKind(own.kind_name(), roles, text.layout, text.published, text.terms, None)


def _loaded(settings: DownloadedSets) -> "FaceData":
    from trainables.datasets.assembly import label_pictures  # imports torch
    from trainables.datasets.dataset import FaceData

    pair = checked(settings)
    cached = decoded(settings, pair)
    splits = {role: label_pictures(cached[role].pixels(), part.labels) for role, part in pair.parts.items()}
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


def _content_hash(
    names: tuple[tuple[str, ...], ...], cached: dict[str, CachedPictures], splits: "dict[str, LabelledImages]"
) -> str:
    digest = hashlib.sha256(json.dumps(names).encode())
    for role, split in splits.items():
        digest.update(json.dumps([cached[role].sha256, list(split.images.shape)]).encode())
        digest.update(split.labels.numpy().astype("<i8").tobytes())
    return digest.hexdigest()
