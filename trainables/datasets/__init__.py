"""Data sets: D_priv and D_pub by settings. Importing this package imports no torch; loading pictures does."""

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from search_spaces.datasets import DataSettings, DownloadedSets, DrawnPersons, ImageFolder
from trainables.datasets.description import DataKind, describe

if TYPE_CHECKING:
    from trainables.datasets.dataset import FaceData

__all__ = ["REGISTRY", "DataKind", "check_data", "describe", "load_data", "prepare_data"]

REGISTRY: dict[str, str] = {
    "orl_faces": "trainables.datasets.orl_faces",
    "drawn_persons": "trainables.datasets.drawn_persons",
    "image_folder": "trainables.datasets.image_folder",
    "downloaded": "trainables.datasets.downloaded",
}
"""Kind of data -> the module whose ``load(settings)`` returns it."""


@lru_cache(maxsize=4)
def load_data(settings: DataSettings) -> "FaceData":
    """Return the data of ``settings``; the same settings give the same object within a process.

    Raises ``ValueError`` of the data set's own kind for data that cannot be used.
    """
    data: FaceData = import_module(REGISTRY[settings.kind]).load(settings)
    return data


def check_data(settings: DataSettings) -> None:
    """Raise what loading would raise for the values of ``settings`` or the user's files; imports no torch.

    The pictures of downloaded sets are listed and counted, not decoded: ``prepare_data`` does that.
    """
    if isinstance(settings, ImageFolder):
        from trainables.datasets.image_folder_files import check

        check(settings)
    if isinstance(settings, DrawnPersons):
        from trainables.datasets.drawn_identities import check_persons

        check_persons(settings)
    if isinstance(settings, DownloadedSets):
        from trainables.datasets.downloaded_files import checked

        checked(settings)


def prepare_data(settings: DataSettings) -> None:
    """Do what can be done once before a sweep starts, and raise what loading would raise; imports no torch.

    Of downloaded sets every picture is decoded into the cache, which takes about a millisecond for a small
    one, the first time. Other data need nothing.
    """
    if isinstance(settings, DownloadedSets):
        from trainables.datasets.downloaded_files import prepare

        prepare(settings)
