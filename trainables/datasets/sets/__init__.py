"""The sets of the literature as they are downloaded: which files, in which roles. Imports no torch.

A set is a module with ``ABOUT`` and with ``private(own, data)``, ``public(own, data)`` or both, where
``own`` are the settings of the set and ``data`` those of the pair it is used in.
"""

from importlib import import_module

from search_spaces.datasets import DownloadedSets
from trainables.datasets.sets.pictures import About, InvalidDownload, PrivateSet, PublicSet

__all__ = [
    "PRIVATE",
    "PUBLIC",
    "About",
    "InvalidDownload",
    "PrivateSet",
    "PublicSet",
    "about",
    "private_set",
    "public_set",
]

_FOLDER = "trainables.datasets.sets"
PRIVATE: dict[str, str] = {
    kind: f"{_FOLDER}.{kind}"
    for kind in ("celeba", "facescrub", "vggface2", "stanford_dogs", "stanford_cars", "class_folders")
}
"""Kind of private set -> its module."""
PUBLIC: dict[str, str] = {
    kind: f"{_FOLDER}.{kind}"
    for kind in ("celeba", "facescrub", "ffhq", "metfaces", "lsun_cars", "afhq_dogs", "class_folders")
}
"""Kind of public set -> its module."""


def private_set(data: DownloadedSets) -> PrivateSet:
    """Return the private side of ``data``. Raises ``InvalidDownload``."""
    found: PrivateSet = import_module(PRIVATE[data.private.kind]).private(data.private, data)
    if data.private_classes is not None and len(found.class_names) < data.private_classes:
        raise InvalidDownload(
            f"data.private_classes is {data.private_classes}, {data.private.root} has "
            f"{len(found.class_names)} classes; give at most that many, or leave it out to take all"
        )
    return found


def public_set(data: DownloadedSets) -> PublicSet:
    """Return the public side of ``data``. Raises ``InvalidDownload``."""
    found: PublicSet = import_module(PUBLIC[data.public.kind]).public(data.public, data)
    return found


def about(kind: str) -> About:
    """Return a set in words."""
    text: About = import_module({**PRIVATE, **PUBLIC}[kind]).ABOUT
    return text
