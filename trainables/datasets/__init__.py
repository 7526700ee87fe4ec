"""Data sets: D_priv and D_pub by settings. Importing this package imports no torch; loading pictures does."""

from functools import lru_cache
from typing import TYPE_CHECKING

from search_spaces.datasets import DATASETS, DataSettings
from trainables.datasets.data_source import DataKind, DataSource, PictureCounts
from trainables.implementations import implementation_of

if TYPE_CHECKING:
    from trainables.datasets.dataset import FaceData

__all__ = [
    "DataKind",
    "DataSource",
    "PictureCounts",
    "check_data",
    "count_pictures",
    "data_credit",
    "data_source",
    "describe",
    "load_data",
    "pin_data",
    "prepare_data",
    "private_classes",
    "shared_people",
]


def data_source(settings: DataSettings) -> DataSource[DataSettings]:
    """Return what implements ``settings``."""
    source: DataSource[DataSettings] = implementation_of(type(settings))(settings)
    return source


@lru_cache(maxsize=4)
def load_data(settings: DataSettings) -> "FaceData":
    """Return the data of ``settings``; the same settings give the same object within a process.

    Raises ``ValueError`` of the data set's own kind for data that cannot be used.
    """
    return data_source(settings).load()


def check_data(settings: DataSettings) -> None:
    """Raise what loading would raise for the values of ``settings`` or the user's files; imports no torch.

    The pictures of downloaded sets are listed and counted, not decoded: ``prepare_data`` does that.
    """
    data_source(settings).check()


def prepare_data(settings: DataSettings) -> None:
    """Do what can be done once before a sweep starts, and raise what loading would raise; imports no torch.

    Of downloaded sets every picture is decoded into the cache, which takes about a millisecond for a small
    one, the first time. Other data need nothing.
    """
    data_source(settings).prepare()


def pin_data(settings: DataSettings) -> DataSettings:
    """Return ``settings`` with absolute paths and a hash of the user's pictures; imports no torch."""
    return data_source(settings).pin()


def private_classes(settings: DataSettings) -> int:
    """Return the number of private classes; imports no torch."""
    return data_source(settings).private_classes()


def count_pictures(settings: DataSettings) -> PictureCounts | None:
    """Return the pictures of each class; ``None`` where loading alone tells; imports no torch."""
    return data_source(settings).count_pictures()


def shared_people(first: DataSettings, second: DataSettings) -> frozenset[str]:
    """Return the private classes that both data have, as far as their names say; imports no torch."""
    if first.kind != second.kind:
        return frozenset()
    return data_source(first).private_people() & data_source(second).private_people()


def data_credit(settings: DataSettings) -> str:
    """Return the credit line of the data; imports no torch."""
    return data_source(settings).credit()


def describe() -> list[DataKind]:
    """Return all data that a sweep can run on, in words; looks at the cache, downloads nothing."""
    return [kind for cls in DATASETS for kind in implementation_of(cls).describe()]
