"""What is asked of a data set of some settings: its pictures, and what can be said without them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from search_spaces.datasets import DataSettings
from search_spaces.files import Pinned, PinnedFolder, folder_hash, replace_pinned

if TYPE_CHECKING:
    from trainables.datasets.dataset import FaceData

S = TypeVar("S", bound=DataSettings)


@dataclass(frozen=True)
class DataKind:
    """One kind of data, or one set of the literature, in words."""

    name: str
    """As written after ``--data``."""
    roles: tuple[str, ...]
    """``private``, ``public`` or both."""
    needs: str
    """Files of packages, or what the user's folder must hold."""
    published: str
    """Published counts of a downloaded set."""
    terms: str
    present: bool | None
    """Whether the packaged files are in the cache; ``None`` where a folder of the user is needed."""


@dataclass(frozen=True)
class PictureCounts:
    """How many pictures there are of each class: of D_priv to train and to test on, and of D_pub."""

    train: tuple[int, ...]
    test: tuple[int, ...]
    public: tuple[int, ...]


class DataSource(ABC, Generic[S]):
    """The data set of ``settings``; ``@implements`` registers one class for each kind.

    ``load`` alone imports torch: a command asks the rest of every data set and must answer in a second. All
    methods raise ``ValueError`` of the data set's own kind for data that cannot be used.
    """

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @abstractmethod
    def load(self) -> "FaceData":
        """Return the pictures: the same bits for the same settings and files."""

    @abstractmethod
    def private_classes(self) -> int:
        """Return the number of private classes."""

    def private_people(self) -> frozenset[str]:
        """Return who the private classes are, by names that all data of this kind share.

        Empty: not known before the pictures are loaded.
        """
        return frozenset()

    def count_pictures(self) -> PictureCounts | None:
        """Return the pictures of each class; ``None``: not known before they are loaded."""
        return None

    @abstractmethod
    def credit(self) -> str:
        """Return whom to credit, with the terms of use: one line."""

    def pin(self) -> S:
        """Return the settings with absolute paths and hashes of all that the user's folders hold.

        A data set that uses only a part of them, or must not read all bytes, hashes that part instead.
        """
        return replace_pinned(self.settings, _pinned_folder)

    def check(self) -> None:
        """Raise what ``load`` would raise, as far as that shows without much work."""

    def prepare(self) -> None:
        """Do what can be done once before a sweep starts."""

    @classmethod
    def describe(cls) -> tuple[DataKind, ...]:
        """Return the kinds of data that this class loads, in words."""
        return ()


def _pinned_folder(place: Pinned, where: str) -> Pinned:
    """Return a folder with its hash, unless it has one; files are pinned with those of all other settings."""
    if not isinstance(place, PinnedFolder) or place.sha256 is not None:
        return place
    folder = place.absolute()
    return folder.with_hash(folder_hash(folder.path))
