"""What ``gc`` removes from a store: found from its rows and from the sweeps that it records."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

from orchestrator.errors import InvalidRequest, SweepInUse
from orchestrator.locks import collector_lock
from orchestrator.provenance import read_settings
from results.statistics.front_trials import front_numbers
from results.stores.compaction import Compacted, compact, mergeable
from results.stores.garbage import Garbage, Needs, find_garbage, remove_garbage
from results.stores.store import Store
from results.sweeps.record import read_sweep, recorded_sweeps
from results.sweeps.settings import settings_path
from search_spaces import Sweep
from search_spaces.defenses import Defense
from search_spaces.pieces import PIECES

Keep = Literal["all", "front", "none"]
"""Whose weights to keep of trials that are done: all, those of the front and of No-Def, or nobody's."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Collected:
    """What was removed and merged, or would be."""

    garbage: tuple[Garbage, ...]
    merged: tuple[Compacted, ...]


def collect(store: Store, keep: Keep, unfinished: bool, youngest: float, dry_run: bool) -> Collected:
    """Remove what no row refers to, and merge the parts of tables that have many; return both.

    With ``unfinished`` also what only unfinished sweeps would need. Nothing younger than ``youngest`` seconds
    goes. With ``dry_run`` nothing changes. Raises ``SweepInUse`` while a sweep of the store is running.
    """
    if dry_run:
        return _found(store, keep, unfinished, youngest)
    with nothing_running(store):
        collected = _found(store, keep, unfinished, youngest)
        remove_garbage(store, collected.garbage)
        return Collected(collected.garbage, tuple(compact(store)))


def merge_parts(store: Store) -> None:
    """Merge the parts of tables that have many, unless a sweep of the store is running."""
    if mergeable(store):
        with suppress(SweepInUse), nothing_running(store):
            compact(store)


@contextmanager
def nothing_running(store: Store) -> Iterator[None]:
    """Hold the lease on every sweep that the store knows, and let no other begin.

    Raises ``SweepInUse`` if one is running.
    """
    with ExitStack() as held:
        lock = held.enter_context(collector_lock(store.address))
        for sweep_id in known_sweeps(store):
            held.enter_context(lock(sweep_id))
        yield


def known_sweeps(store: Store) -> list[str]:
    """Return the sweeps that the store has a record, settings or a lock of, sorted."""
    names = [path.rpartition("/")[2] for path in store.list_paths("settings/")]
    if store.address.is_bucket:
        names += [path.rpartition("/sweep-")[2] for path in store.list_paths("claims/sweep-")]
    else:
        names += [path.name.removeprefix("sweep-") for path in store.address.lock_folder.glob("sweep-*.lock")]
    return sorted({*recorded_sweeps(store), *(name.partition(".")[0] for name in names)})


def _found(store: Store, keep: Keep, unfinished: bool, youngest: float) -> Collected:
    garbage = find_garbage(store, _needs(store, keep, unfinished), youngest)
    return Collected(tuple(garbage), tuple(mergeable(store)))


def _needs(store: Store, keep: Keep, unfinished: bool) -> Needs:
    tables = {name: store.read_rows(name) for name in ("trials", "targets", "attacks")}
    attacks = tables["attacks"].select(["attack_id", "generator_id", "fid_features", "evaluator"]).to_pylist()
    trials = tables["trials"].to_pylist()
    sweeps = {sweep_id: _sweep(store, sweep_id) for sweep_id in known_sweeps(store)}
    asked = [sweep for sweep in sweeps.values() if sweep is not None]
    readable = all(sweep is not None or not _has_settings(store, name) for name, sweep in sweeps.items())
    open_sweeps = not unfinished and any(_is_unfinished(store, name, trials) for name in sweeps)
    named = {row["generator_id"] for row in attacks}
    generators = [unit.rpartition("-")[0] for unit in store.units("generators")]
    tables_of_units = {"reconstructions", "generators", *(kind.table for kind in PIECES)}
    return Needs(
        folders={kind.folder for kind in PIECES if kind.folder},
        weights=_kept_weights(tables, trials, keep, unfinished),
        rows={*generators, *(unit for table in tables_of_units for unit in store.units(table))},
        shared=named.union(*(_shared_pieces(sweep) for sweep in asked)) if readable else None,
        features=any(row["fid_features"] not in (None, row["evaluator"]) for row in attacks),
        checkpoints=open_sweeps,
    )


def _kept_weights(tables: dict[str, Any], trials: Sequence[Row], keep: Keep, unfinished: bool) -> set[str]:
    """Return the targets whose weights are kept; those of trials that have not succeeded yet, if they may."""
    rows = tables["targets"].select(["target_id", "status"]).to_pylist()
    trained = {row["target_id"] for row in rows if row["status"] == "done"}
    if keep == "all":
        return trained
    done = {row["target_id"] for row in trials if row["state"] == "done"}
    going_on = trained - done | {row["target_id"] for row in trials if row["state"] != "done"}
    kept = set() if unfinished else going_on & trained
    if keep == "none":
        return kept
    for sweep_id in {row["sweep_id"] for row in trials}:
        of_sweep = sorted(
            (row for row in trials if row["sweep_id"] == sweep_id), key=lambda row: row["number"]
        )
        numbers = front_numbers(of_sweep, tables["targets"], tables["attacks"])
        kept |= {row["target_id"] for row in of_sweep if row["number"] in numbers}
    return kept & trained


def _sweep(store: Store, sweep_id: str) -> Sweep | None:
    """Return the sweep as it was asked for; nothing when that is not recorded or of another version."""
    try:
        return read_settings(store, sweep_id)
    except InvalidRequest:
        return None


def _has_settings(store: Store, sweep_id: str) -> bool:
    return store.exists(settings_path(sweep_id))


def _shared_pieces(sweep: Sweep) -> set[str]:
    """Return the identities of the pieces that all trials of ``sweep`` use."""
    return set(sweep.trial(Defense(), sweep.space.seed).shared_pieces())


def _is_unfinished(store: Store, sweep_id: str, trials: Sequence[Row]) -> bool:
    """Return whether trials of a sweep are left, as far as is known."""
    record = read_sweep(store, sweep_id)
    if record is None or not record.planned:
        return True
    ended = Counter(row["role"] for row in trials if row["sweep_id"] == sweep_id)
    return any(ended[role] < planned for role, planned in record.planned.items())
