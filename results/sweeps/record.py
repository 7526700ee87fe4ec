"""What a store knows of each sweep beside its rows: its name, what was planned, and whom to credit."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

from results.errors import UnknownSweep
from results.stores.parts import rows_of
from results.stores.store import Store


@dataclass(frozen=True)
class SweepRecord:
    """A sweep as it was started. ``planned`` maps a role of trials to how many are meant to run."""

    sweep_id: str
    space: str
    setup: str
    planned: dict[str, int] = field(default_factory=dict)
    """``search``, ``confirmation``, ``control`` -> number of trials; a role not yet decided is absent."""
    credits: tuple[str, ...] = ()
    """Credit lines of the data and weights that the sweep used."""
    command: str | None = None
    """The command that continues the sweep."""

    @property
    def title(self) -> str:
        """Space and setup in one phrase."""
        return f"{self.space} on {self.setup}"


def write_sweep(store: Store, record: SweepRecord) -> None:
    """Write or replace the record of a sweep."""
    text = json.dumps(asdict(record), sort_keys=True, indent=1)
    store.put_bytes(_path(record.sweep_id), text.encode())


def read_sweep(store: Store, sweep_id: str) -> SweepRecord | None:
    """Return the record of a sweep, or nothing when there is none or it cannot be read."""
    path = _path(sweep_id)
    if not store.exists(path):
        return None
    try:
        plain = json.loads(store.get_bytes(path))
        return SweepRecord(**{**plain, "credits": tuple(plain.get("credits", ()))})
    except (ValueError, TypeError, AttributeError, OSError):
        # The record only decorates the rows: without it, a report says less but stays right.
        return None


def recorded_sweeps(store: Store) -> list[str]:
    """Return the ids of the sweeps that have a record, sorted."""
    paths = [path for path in store.list_paths("sweeps/") if path.endswith(".json")]
    return [path.removeprefix("sweeps/").removesuffix(".json") for path in paths]


def sweep_ids(store: Store, trials: pa.Table, targets: pa.Table) -> list[str]:
    """Return the sweeps with a trial or a record; the one whose target finished last comes last."""
    never = datetime.min.replace(tzinfo=UTC)
    ended = rows_of(targets.select(["target_id", "finished_at"]))
    finished = {row["target_id"]: row["finished_at"] for row in ended}
    latest: dict[str, datetime] = dict.fromkeys(recorded_sweeps(store), never)
    for sweep_id, target_id in zip(
        trials["sweep_id"].to_pylist(), trials["target_id"].to_pylist(), strict=True
    ):
        latest[sweep_id] = max(latest.get(sweep_id, never), finished.get(target_id) or never)
    return sorted(latest, key=lambda sweep_id: (latest[sweep_id], sweep_id))


def chosen_sweep(store: Store, sweep_id: str | None) -> str:
    """Return the sweep of ``store`` meant by an id or its unambiguous beginning; without one, the latest.

    Raises `UnknownSweep`, also for a store without sweeps.
    """
    known = sweep_ids(store, store.read_rows("trials"), store.read_rows("targets"))
    chosen = resolve_sweep(known, sweep_id)
    if chosen is None:
        raise UnknownSweep(f"no sweep in {store.uri} yet; start one with tldmi-sweep --space bido_vs_tldmi")
    return chosen


def resolve_sweep(known: list[str], sweep_id: str | None) -> str | None:
    """Return the sweep meant by an id or its unambiguous beginning; the last of ``known`` without an id.

    Raises `UnknownSweep`. Returns nothing when there is no sweep and none was asked for.

    >>> resolve_sweep(["3f2a", "9b01"], "9b")
    '9b01'
    """
    if sweep_id is None:
        return known[-1] if known else None
    matches = [known_id for known_id in known if known_id == sweep_id] or [
        known_id for known_id in known if known_id.startswith(sweep_id)
    ]
    if len(matches) == 1:
        return matches[0]
    listed = ", ".join(known) if known else "none yet"
    raise UnknownSweep(f"No single sweep {sweep_id!r} in this store; sweeps: {listed}.")


def _path(sweep_id: str) -> str:
    return f"sweeps/{sweep_id}.json"
