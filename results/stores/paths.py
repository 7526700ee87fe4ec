"""Names and paths that a store takes: none leads out of it."""

import re

from results.errors import InvalidPath

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_LONGEST_NAME = 200


def check_name(name: str) -> str:
    """Return ``name`` when it can name a unit or a folder of a store.

    Raises `InvalidPath` unless it is 1 to 200 of the characters ``A-Z a-z 0-9 . _ -``, the first no dot.

    >>> check_name("3f2a-0001")
    '3f2a-0001'
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise InvalidPath(
            f"Invalid name {name!r} in a store: 1 to {_LONGEST_NAME} of A-Z a-z 0-9 . _ - , the first no dot."
        )
    return name


def check_path(path: str) -> str:
    """Return ``path`` when every segment of it is a valid name, so that it stays inside the store.

    >>> check_path("artifacts/targets/3f2a.safetensors")
    'artifacts/targets/3f2a.safetensors'
    """
    for segment in path.split("/"):
        check_name(segment)
    return path


def is_path(path: str) -> bool:
    """Return whether something found in a store's place could be one of its own."""
    try:
        check_path(path)
    except InvalidPath:
        return False
    return True
