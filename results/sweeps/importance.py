"""Which searched parameters mattered, as it was computed when the sweep ran: plain values beside its rows."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

from results.errors import StoreError
from results.stores.store import Store

Objective = Literal["acc", "att_acc"]


@dataclass(frozen=True)
class Importances:
    """Shares of PED-ANOVA that sum to 1 for each objective; empty with too few trials to say."""

    told: int
    """Trials of the search that were done at the time."""
    trials: int
    """Those that they rest on: No-Def has no parameters."""
    least: int
    """Trials that are needed."""
    shares: dict[Objective, dict[str, float]]
    """Objective -> parameter as ``<defence>.<name>``, or ``defense`` for the choice of the family."""


def write_importances(store: Store, sweep_id: str, importances: Importances) -> None:
    """Write or replace the importances of a sweep."""
    store.put_bytes(_path(sweep_id), json.dumps(asdict(importances), sort_keys=True, indent=1).encode())


def read_importances(store: Store, sweep_id: str | None) -> Importances | None:
    """Return the importances of a sweep; nothing when there are none or they cannot be read."""
    if sweep_id is None:
        return None
    try:
        plain = json.loads(store.get_bytes(_path(sweep_id)))
        told, trials, least = (int(plain[name]) for name in ("told", "trials", "least"))
        return Importances(told, trials, least, dict(plain["shares"]))
    except (StoreError, OSError, ValueError, KeyError, TypeError):
        # They can be computed again from the rows.
        return None


def _path(sweep_id: str) -> str:
    return f"analysis/{sweep_id}.json"
