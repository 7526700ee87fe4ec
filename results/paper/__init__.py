"""The numbers printed in the TL-DMI paper and its supplement, to set results beside; notes name doubts."""

import csv
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from results.defenses import Defense, Part

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLES", "PublishedDefense", "printed", "published_defenses"]

TABLES = (
    "attacks",
    "bido_sensitivity",
    "datasets",
    "figures",
    "results",
    "targets",
    "training",
    "training_time",
)
"""Names that `printed` takes. Accuracies are in percent, parameters in millions, as printed."""


def printed(table: str) -> "pd.DataFrame":
    """Return one table of printed numbers; column ``source`` names the table of the paper.

    Raises ``ValueError`` for an unknown name.

    >>> first = printed("results").iloc[0]
    >>> first["source"], first["defense"], float(first["att_acc"])
    ('table1', 'no_def', 69.67)
    """
    import pandas as pd

    if table not in TABLES:
        raise ValueError(f"Unknown table {table!r} of printed numbers; known: {', '.join(TABLES)}.")
    with resources.files(__package__).joinpath(f"{table}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)


class PublishedDefense(NamedTuple):
    """A defence that printed tables name."""

    kind: str
    """As the tables of this folder write it."""
    drawn_as: str
    """The family of sweeps it is drawn like: BiDO without its variant is the one that the paper tunes."""
    defense: Defense


@cache
def published_defenses() -> tuple[PublishedDefense, ...]:
    """Return the defences of the printed tables and those they are drawn like, No-Def first."""
    with resources.files(__package__).joinpath("defenses.csv").open(encoding="utf-8") as file:
        return tuple(_published(row) for row in csv.DictReader(file))


def _published(row: dict[str, str]) -> PublishedDefense:
    columns = (row["drawn_as"].split("+"), row["label"].split(" + "), row["stages"].split("+"))
    parts = tuple(map(Part, *columns)) if row["stages"] else ()
    return PublishedDefense(row["kind"], row["drawn_as"], Defense(row["drawn_as"], parts))
