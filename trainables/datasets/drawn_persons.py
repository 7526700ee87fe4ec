"""Drawn persons (DiceBear): any number of people with known attributes. Drawings, never photographs.

A person keeps hair, colours, skin, glasses and facial hair; expression, clothes, background and position
change from picture to picture. Of each private person the last ``test_per_class`` pictures are for testing.
"""

import io
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from search_spaces import identity
from search_spaces.datasets import DrawnPersons
from trainables.datasets.data_source import DataKind, DataSource, PictureCounts
from trainables.datasets.drawing import Drawer
from trainables.datasets.drawn_identities import Persons, check_persons, persons
from trainables.datasets.drawn_styles import BACKGROUNDS, MOVEMENTS, STYLES, Trait
from trainables.implementations import implements
from trainables.storage.archives import cached

if TYPE_CHECKING:
    from trainables.datasets.dataset import FaceData

PACKAGES = ("dicebear-core", "dicebear-styles", "resvg-py")


@implements(DrawnPersons)
class DrawnPersonsSource(DataSource[DrawnPersons]):
    """Drawings of the installed packages."""

    def load(self) -> "FaceData":
        """Return the drawings as (N, 3, S, S), with the attributes of every person.

        They are drawn once, about 10 ms a picture, and kept under a hash of settings, style and versions.
        Raises ``NotEnoughPersons``.
        """
        return _loaded(self.settings)

    def private_classes(self) -> int:
        """Return the number of private persons."""
        return self.settings.private_people

    def count_pictures(self) -> PictureCounts:
        """Return the pictures of each person."""
        own = self.settings
        kept = own.images_per_private_person - own.test_per_class
        return PictureCounts(
            train=(kept,) * own.private_people,
            test=(own.test_per_class,) * own.private_people,
            public=(own.images_per_public_person,) * own.public_people,
        )

    def private_people(self) -> frozenset[str]:
        """Return style and attributes of each private person."""
        drawn = persons(self.settings).private.values()
        return frozenset(f"{self.settings.style} {sorted(trait.attributes.items())}" for trait in drawn)

    def credit(self) -> str:
        """Return who made the style, and its licence."""
        return Drawer(self.settings.style).credit

    def check(self) -> None:
        """Raise ``NotEnoughPersons`` with every reason why the settings cannot be met."""
        check_persons(self.settings)

    @classmethod
    def describe(cls) -> tuple[DataKind, ...]:
        """Return the drawings in words."""
        kind = DataKind(
            "drawn_persons",
            ("private", "public"),
            "the installed packages dicebear-core, dicebear-styles, resvg-py",
            "any number of drawn persons",
            "those of the style",
            True,
        )
        return (kind,)


def _loaded(settings: DrawnPersons) -> "FaceData":
    from trainables.datasets.assembly import assemble  # imports torch

    people = persons(settings)
    drawn = _unpacked(cached(_file_name(settings), lambda: _packed(_drawn(settings, people))))
    private = dict(zip(people.private, drawn["private"], strict=True))
    kept = settings.images_per_private_person - settings.test_per_class
    return assemble(
        "drawn_persons",
        private_train={name: pictures[:kept] for name, pictures in private.items()},
        private_test={name: pictures[kept:] for name, pictures in private.items()},
        public=dict(zip(people.public, drawn["public"], strict=True)),
        credit=str(drawn["credit"]),
        attributes=_table(people.private),
        public_attributes=_table(people.public),
    )


def _drawn(settings: DrawnPersons, people: Persons) -> dict[str, NDArray[np.generic]]:
    drawer = Drawer(settings.style)

    def picture(trait: Trait, number: tuple[int, int]) -> NDArray[np.uint8]:
        """Return one picture (3, S, S) of a person."""
        return drawer.picture(trait.options, settings.seed, number, settings.resolution)

    def album(traits: Mapping[str, Trait], first: int, count: int) -> NDArray[np.uint8]:
        """Return ``count`` pictures of each person, numbered from ``first``."""
        numbered = enumerate(traits.values(), first)
        return np.stack([[picture(trait, (who, i)) for i in range(count)] for who, trait in numbered])

    return {
        "private": album(people.private, 0, settings.images_per_private_person),
        "public": album(people.public, len(people.private), settings.images_per_public_person),
        "credit": np.array(drawer.credit),
    }


def _table(people: Mapping[str, Trait]) -> dict[str, tuple[str, ...]]:
    """Return attribute -> its value for each person."""
    names = next(iter(people.values())).attributes
    return {name: tuple(trait.attributes[name] for trait in people.values()) for name in names}


def _file_name(settings: DrawnPersons) -> str:
    depends_on = {
        "settings": settings.model_dump(mode="json", exclude={"test_per_class"}),
        "style": repr((STYLES[settings.style], BACKGROUNDS, MOVEMENTS)),
        "versions": {package: version(package) for package in PACKAGES},
    }
    return f"drawn-persons-{identity(depends_on)}.npz"


def _packed(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    buffer = io.BytesIO()
    # savez_compressed's named arrays are keyword arguments of Any in its stubs.
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _unpacked(data: bytes) -> dict[str, NDArray[np.generic]]:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
