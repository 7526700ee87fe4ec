"""The sets of the literature as they are downloaded: which files, in which roles. Imports no torch.

The ``home`` of a set's settings is a module with ``ABOUT`` and with ``private(own, data)``,
``public(own, data)`` or both, where ``own`` are the settings of the set and ``data`` those of the pair it is
used in.
"""

from importlib import import_module

from search_spaces.datasets import DownloadedSets, SetSettings
from search_spaces.registry import home_of
from trainables.datasets.sets.pictures import About, InvalidDownload, PrivateSet, PublicSet

__all__ = [
    "About",
    "InvalidDownload",
    "PrivateSet",
    "PublicSet",
    "about",
    "private_set",
    "public_set",
]


def private_set(data: DownloadedSets) -> PrivateSet:
    """Return the private side of ``data``. Raises ``InvalidDownload``."""
    found: PrivateSet = import_module(home_of(type(data.private))).private(data.private, data)
    if data.private_classes is not None and len(found.class_names) < data.private_classes:
        raise InvalidDownload(
            f"data.private_classes is {data.private_classes}, {data.private.root.path} has "
            f"{len(found.class_names)} classes; give at most that many, or leave it out to take all"
        )
    return found


def public_set(data: DownloadedSets) -> PublicSet:
    """Return the public side of ``data``. Raises ``InvalidDownload``."""
    found: PublicSet = import_module(home_of(type(data.public))).public(data.public, data)
    return found


def about(own: type[SetSettings]) -> About:
    """Return a set in words."""
    text: About = import_module(home_of(own)).ABOUT
    return text
