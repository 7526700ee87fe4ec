"""A full disk told from other failures, whichever library meets it: it is no failure of the work."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from results.errors import StoreNotWritable

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_IN_RUST = re.compile(r"\(os error (\d+)\)")
"""How libraries in Rust, safetensors for one, repeat an error of the system in errors of their own."""


@contextmanager
def full_disk_is_told(place: str) -> Iterator[None]:
    """Raise `StoreNotWritable` for ``place`` where the block fails because a disk is full or read-only."""
    try:
        yield
    except Exception as error:
        number = error.errno if isinstance(error, OSError) else _number_in(str(error))
        if number not in NO_ROOM:
            raise
        raise StoreNotWritable(
            f"Cannot write to {place}: {os.strerror(number)}. Free space there, or name another place."
        ) from error


def _number_in(text: str) -> int | None:
    """Return the number of the system's error that a message repeats.

    >>> _number_in("Error while serializing: I/O error: No space left on device (os error 28)")
    28
    """
    match = _IN_RUST.search(text)
    return int(match[1]) if match else None
