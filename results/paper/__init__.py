"""The numbers printed in the TL-DMI paper and its supplement, to set results beside; notes name doubts."""

from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLES", "printed"]

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
