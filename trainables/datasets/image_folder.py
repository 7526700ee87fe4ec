"""Pictures of the user, one folder per class under ``private`` and ``public``.

Of each private class a share ``test_fraction`` of the different pictures, at least one and not all, is for
testing. Which ones follows from the seed, the class name and the pictures' bytes, so that renaming files, or
adding some to other classes, does not change them.
"""

from collections.abc import Iterable

import numpy as np

from search_spaces import seed_stream
from search_spaces.datasets import ImageFolder
from trainables.datasets.assembly import Pictures, assemble
from trainables.datasets.dataset import FaceData
from trainables.datasets.image_decoding import decode
from trainables.datasets.image_folder_files import Picture, checked, distinct

CREDIT = "your own pictures"


def load(settings: ImageFolder) -> FaceData:
    """Return the pictures as (N, C, S, S); classes and pictures in the order of their names.

    A picture that is twice in a class counts once. Raises ``InvalidImageFolder`` with every reason at once.
    """
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
    count = min(max(1, round(settings.test_fraction * len(pictures))), len(pictures) - 1)
    drawn = sorted(pictures, key=lambda picture: seed_stream(settings.seed, "test", name, picture.sha256))
    test = {picture.sha256 for picture in drawn[:count]}
    return (
        [picture for picture in pictures if picture.sha256 not in test],
        [picture for picture in pictures if picture.sha256 in test],
    )


def _pixels(pictures: Iterable[Picture], settings: ImageFolder) -> Pictures:
    return np.stack([decode(picture.path, settings.channels, settings.resolution) for picture in pictures])
