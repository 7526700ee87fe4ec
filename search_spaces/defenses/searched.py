"""What stands beside a field of a part: the range that a space searches, and how people read the field."""

from dataclasses import dataclass
from typing import Literal

from search_spaces.domains import Domain

AllUnits = Literal["all"]
"""The range from 1 to the number of T's units, written ``all``."""


@dataclass(frozen=True)
class Searched:
    """Beside a field that spaces search."""

    domain: Domain | AllUnits
    """The range that a space has which says nothing; it also decides how a range may be written."""
    label: str
    """What an axis or a column is called: ``freeze depth``."""
    symbol: str | None = None
    """What stands before the value in a short text, or a template that holds ``{}``; ``None``: the label."""


@dataclass(frozen=True)
class RatioTo:
    """Beside a field that spaces search as its ratio to another field of the part, as ``<field>_ratio``."""

    field: str
    """The other field."""
    domain: Domain
    """The range of the ratio."""
    label: str
    symbol: str | None = None


@dataclass(frozen=True)
class Option:
    """Beside a field that no space searches: short texts name it where it differs from its default."""

    label: str
    symbol: str | None = None


Shown = Searched | RatioTo | Option
