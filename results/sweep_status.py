"""How far a sweep has come: counts, failures and the front so far. Reads small tables, imports no pandas."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.statistics.configurations import Configuration
from results.statistics.summary import Failure, SweepSummary, Tables, UnfitTarget, summarise
from results.stores.opening import open_store
from results.stores.scanning import Scan, UnreadablePart
from results.sweeps.record import read_sweep, resolve_sweep, sweep_ids

_TABLES = ("trials", "targets", "attacks")


@dataclass(frozen=True)
class ErrorKind:
    """Failures whose reasons differ in numbers alone: the last of them, and how many there are."""

    last: Failure
    count: int


@dataclass(frozen=True)
class Status:
    """How far a sweep has come. ``left`` is nothing when no plan was recorded."""

    sweep_id: str | None
    title: str | None
    done: Mapping[str, int]
    """Trials by role: search, confirmation, control."""
    failed: Mapping[str, int]
    left: Mapping[str, int] | None
    front: tuple[Configuration, ...]
    """Non-dominated configurations so far, from the lowest Acc to the highest."""
    hypervolume: float
    failures: tuple[Failure, ...]
    unreadable: tuple[UnreadablePart, ...]
    unfit: tuple[UnfitTarget, ...] = ()
    """Trained targets that say nothing about their defence: they take part in no front."""

    @property
    def finished(self) -> bool:
        """Nothing that was planned is left."""
        return self.left is not None and not any(self.left.values())

    @property
    def error_kinds(self) -> tuple[ErrorKind, ...]:
        """The failures by kind, the kind that came last first."""
        return error_kinds(self.failures)


def status(uri: str, sweep_id: str | None = None) -> Status:
    """Return how far a sweep of the store at ``uri`` has come, the latest without an id.

    Raises `StoreMissing`, `StoreSchemaMismatch` and `UnknownSweep`.
    """
    store = open_store(uri)
    scans: dict[str, Scan] = {table: store.scan(table) for table in _TABLES}
    known = sweep_ids(store, scans["trials"].rows, scans["targets"].rows)
    chosen = resolve_sweep(known, sweep_id)
    unreadable = tuple(part for scan in scans.values() for part in scan.unreadable)
    tables = Tables(**{table: scan.rows for table, scan in scans.items()}, unreadable=unreadable)
    record = read_sweep(store, chosen) if chosen else None
    return _status(summarise(chosen, record, tables, front_only=True))


def error_kinds(failures: Sequence[Failure]) -> tuple[ErrorKind, ...]:
    """Return ``failures`` by kind: those whose reasons differ in numbers alone are of one."""
    kinds: dict[str, list[Failure]] = {}
    for failure in failures:
        kinds.setdefault(re.sub(r"\d+(\.\d+)?", "#", failure.reason), []).append(failure)
    errors = [ErrorKind(max(group, key=lambda failed: failed.number), len(group)) for group in kinds.values()]
    return tuple(sorted(errors, key=lambda kind: -kind.last.number))


def _status(summary: SweepSummary) -> Status:
    return Status(
        sweep_id=summary.sweep_id,
        title=summary.record.title if summary.record else None,
        done=summary.done,
        failed=summary.failed,
        left=summary.left,
        front=summary.front,
        hypervolume=summary.hypervolume,
        failures=summary.failures,
        unreadable=summary.unreadable,
        unfit=summary.unfit,
    )
