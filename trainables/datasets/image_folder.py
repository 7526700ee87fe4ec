"""Pictures of the user, one folder per class under ``private`` and ``public``.

Of each private class a share ``test_fraction`` of the different pictures, at least one and not all, is for
testing. Which ones follows from the seed, the class name and the pictures' bytes, so that renaming files, or
adding some to other classes, does not change them.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from search_spaces import seed_stream
from search_spaces.datasets import ImageFolder
from search_spaces.training_length import held_out_of
from trainables.datasets.data_source import DataKind, DataSource, PictureCounts
from trainables.datasets.image_decoding import decode
from trainables.datasets.image_folder_files import Picture, checked, distinct, listed, side_hash
from trainables.implementations import implements

if TYPE_CHECKING:
    from trainables.datasets.dataset import FaceData

CREDIT = "your own pictures"


@implements(ImageFolder)
class ImageFolderSource(DataSource[ImageFolder]):
    """The pictures of two folders."""

    def load(self) -> "FaceData":
        """Return the pictures as (N, C, S, S); classes and pictures in the order of their names.

        A picture that is twice in a class counts once. Raises ``InvalidImageFolder`` with every reason at
        once.
        """
        return _loaded(self.settings)

    def private_classes(self) -> int:
        """Return the number of private folders."""
        return len(listed(self.settings).private)

    def count_pictures(self) -> PictureCounts:
        """Return the different pictures of each folder."""
        files = listed(self.settings)
        private = [len(distinct(pictures)) for pictures in files.private.values()]
        test = tuple(_test_count(count, self.settings) for count in private)
        return PictureCounts(
            train=tuple(count - tested for count, tested in zip(private, test, strict=True)),
            test=test,
            public=tuple(len(distinct(pictures)) for pictures in files.public.values()),
        )

    def private_people(self) -> frozenset[str]:
        """Return the names of the private folders."""
        return frozenset(listed(self.settings).private)

    def credit(self) -> str:
        """Return that the pictures are the user's."""
        return CREDIT

    def pin(self) -> ImageFolder:
        """Return the settings with absolute folders and the hashes of their pictures.

        Raises ``InvalidImageFolder``.
        """
        own = self.settings
        own = own.model_copy(update={"private": own.private.absolute(), "public": own.public.absolute()})
        if own.private.sha256 and own.public.sha256:
            return own
        files = listed(own)
        sides = {
            "private": own.private.with_hash(own.private.sha256 or side_hash(files.private)),
            "public": own.public.with_hash(own.public.sha256 or side_hash(files.public)),
        }
        return own.model_copy(update=sides)

    def check(self) -> None:
        """Raise ``InvalidImageFolder`` with every reason why the folders cannot be used.

        Every picture is decoded, which takes about a millisecond for a small one.
        """
        checked(self.settings)

    @classmethod
    def describe(cls) -> tuple[DataKind, ...]:
        """Return the folders in words."""
        needs = "a private and a public folder of class folders"
        return (DataKind("image_folder", ("private", "public"), needs, "", CREDIT, None),)


def _loaded(settings: ImageFolder) -> "FaceData":
    from trainables.datasets.assembly import assemble  # imports torch

    files = checked(settings)
    splits = {name: _split(name, distinct(pictures), settings) for name, pictures in files.private.items()}
    return assemble(
        "image_folder",
        private_train={name: _pixels(train, settings) for name, (train, _) in splits.items()},
        private_test={name: _pixels(test, settings) for name, (_, test) in splits.items()},
        public={name: _pixels(distinct(pictures), settings) for name, pictures in files.public.items()},
        credit=CREDIT,
    )


def _split(name: str, pictures: list[Picture], settings: ImageFolder) -> tuple[list[Picture], list[Picture]]:
    """Return the training and the test pictures of one class."""
    count = _test_count(len(pictures), settings)
    drawn = sorted(pictures, key=lambda picture: seed_stream(settings.seed, "test", name, picture.sha256))
    test = {picture.sha256 for picture in drawn[:count]}
    return (
        [picture for picture in pictures if picture.sha256 not in test],
        [picture for picture in pictures if picture.sha256 in test],
    )


def _test_count(pictures: int, settings: ImageFolder) -> int:
    return held_out_of(pictures, settings.test_fraction)


def _pixels(pictures: Iterable[Picture], settings: ImageFolder) -> NDArray[np.uint8]:
    return np.stack([decode(picture.path, settings.channels, settings.resolution) for picture in pictures])
