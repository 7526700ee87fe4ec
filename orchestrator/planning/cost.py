"""What the rest of a sweep costs: machine hours, money and disk, from rates measured in its store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

from orchestrator.execution.resources import ClusterResources, GpuShares
from results import Store
from search_spaces import Piece, Sweep, Trial
from search_spaces.defenses import Defense

Row = dict[str, Any]
HOUR = 3600.0


@dataclass(frozen=True)
class Rates:
    """What one trial like those of the sweep took; ``None``: a part of it was never measured."""

    cpu_seconds: float | None = None
    gpu_seconds: float | None = None
    """Wall seconds on a GPU times the share of it; only of steps that ran on one."""
    disk_bytes: float | None = None
    """Bytes of the store, shared pieces included, over its trials."""


@dataclass(frozen=True)
class Cost:
    """What so many trials come to; every field ``None`` where the store has measured nothing like them."""

    cpu_seconds: float | None
    gpu_seconds: float | None
    disk_bytes: float | None
    machine_hours: float | None = None
    """Hours of one machine, fully used, by whatever it has least of; with gaps between steps it is more."""
    usd_per_hour: float | None = None
    usd: float | None = None


def cost_of(trials: int, rates: Rates, cluster: ClusterResources | None, usd_per_hour: float | None) -> Cost:
    """Return what ``trials`` cost on machines like the best of ``cluster``, at ``usd_per_hour`` for each.

    >>> from orchestrator.execution.resources import GpuShares
    >>> two_cpus = ClusterResources(({"CPU": 2.0},), GpuShares())
    >>> cost_of(10, Rates(cpu_seconds=7200.0), two_cpus, 3.0).usd
    30.0
    """
    cpu, gpu, disk = (
        0.0 if not trials else None if rate is None else trials * rate
        for rate in (rates.cpu_seconds, rates.gpu_seconds, rates.disk_bytes)
    )
    hours = _machine_hours({"CPU": cpu, "GPU": gpu}, cluster) if cluster else None
    usd = None if hours is None or usd_per_hour is None else hours * usd_per_hour
    return Cost(cpu, gpu, disk, hours, usd_per_hour, usd)


def measured_rates(store: Store, sweep: Sweep, cluster: ClusterResources | None, ended: int) -> Rates:
    """Return the mean cost of a trial like those of ``sweep`` in ``store``, which holds ``ended`` trials.

    Pieces that all trials share are left out: they are built once.
    """
    parts = _parts(store, sweep.trial(Defense(), sweep.space.seed))
    cpu = _sum([_mean(part.rows, "cpu_seconds") for part in parts])
    return Rates(
        cpu, _gpu_seconds(parts, cluster.shares) if cluster else None, _bytes_per_trial(store, ended)
    )


class _Part(NamedTuple):
    """A piece of a trial, and the rows of pieces that cost about as much."""

    piece: Piece
    rows: list[Row]


def _gpu_seconds(parts: Sequence[_Part], shares: GpuShares) -> float | None:
    """Return the seconds of one GPU that the steps of a trial take, ``None`` when none asks for a GPU."""
    by_part = [shares.request(part.piece.work, part.piece.cpu_threads).gpus for part in parts]
    if not any(by_part):
        return None
    means = [_mean(_on_gpu(part.rows), "seconds") for part in parts]
    return _sum([None if mean is None else mean * share for mean, share in zip(means, by_part, strict=True)])


def _parts(store: Store, trial: Trial) -> list[_Part]:
    """Return the pieces that every trial has of its own, each with rows like it of targets like its T."""
    own = [piece for piece in trial.pieces().values() if piece.source_target is not None]
    done = {table: _done(store, table) for table in {piece.table for piece in own}}
    targets = [row for row in done[trial.target.table] if _is_similar(row, trial.target)]
    ids = {row["target_id"] for row in targets}
    return [
        _Part(
            piece,
            [row for row in done[piece.table] if row["target_id"] in ids and _is_similar(row, piece)],
        )
        for piece in own
    ]


def _is_similar(row: Row, piece: Piece) -> bool:
    return all(row[column] == value for column, value in piece.similar.items())


def _on_gpu(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if str(row["device"] or "cpu").partition(":")[0] != "cpu"]


def _mean(rows: Sequence[Row], column: str) -> float | None:
    values = [row[column] for row in rows if row[column] is not None]
    return fmean(values) if values else None


def _sum(values: Sequence[float | None]) -> float | None:
    """Return the sum, or nothing when a part is unknown."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _done(store: Store, table: str) -> list[Row]:
    rows: list[Row] = store.read_rows(table).to_pylist()
    return [row for row in rows if row["status"] == "done"]


def _bytes_per_trial(store: Store, ended: int) -> float | None:
    """Return the size of a local store over its trials; buckets do not say theirs without reading it all."""
    folder = store.address.folder
    if not ended or folder is None:
        return None
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / ended


def _machine_hours(seconds: Mapping[str, float | None], cluster: ClusterResources) -> float | None:
    """Return the hours of one machine: of the kind of node that has most GPUs, then most CPUs."""
    best = cluster.best_node
    asked = ["CPU", *(["GPU"] if cluster.shares.training or cluster.shares.attack else [])]
    each = []
    for name in asked:
        spent = seconds[name]
        if spent is None or not best.get(name):
            return None
        each.append(spent / HOUR / best[name])
    return max(each)
