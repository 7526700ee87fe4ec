"""What a downloaded set comes to: classes, and files with labels. Imports no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from trainables.datasets.framing import Framing

SHOWN = 10
"""Names given in one message; the others are counted."""


class InvalidDownload(ValueError):
    """A downloaded set that cannot be used; the message says what is missing and what to do."""


class File(NamedTuple):
    """A picture file: its path below the root of its set, its bytes, and when it changed last (ns)."""

    path: str
    size: int
    changed: int


@dataclass(frozen=True)
class Part:
    """Pictures of one role in the order of the data set: files below ``root``, and the label of each."""

    root: Path
    framing: Framing
    files: Sequence[File]
    labels: Sequence[int]


@dataclass(frozen=True)
class PrivateSet:
    """D_priv: classes 0..K-1, training and test pictures; ``rule`` says how they were chosen."""

    class_names: tuple[str, ...]
    train: Part
    test: Part
    rule: str


@dataclass(frozen=True)
class PublicSet:
    """D_pub: classes of its own (one for all where no classes are known)."""

    class_names: tuple[str, ...]
    pictures: Part
    rule: str


@dataclass(frozen=True)
class About:
    """A set in words: for ``doctor``, error messages and the credit line of a report."""

    title: str
    layout: str
    """What the root must hold."""
    published: str
    """Its published counts."""
    terms: str


def some(names: Sequence[str], shown: int = SHOWN) -> str:
    """Return the first names, and how many more there are.

    >>> some(["a", "b", "c"], shown=2)
    'a, b and 1 more'
    """
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
