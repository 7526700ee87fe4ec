"""What a sweep cost: wall time, CPU-hours and GPU-hours, and which tasks took them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from results.statistics.configurations import Row
from results.statistics.summary import SweepSummary


@dataclass(frozen=True)
class Cost:
    """Hours of one sweep; nothing where the rows do not say."""

    wall_hours: float | None
    """From the start of its first task to the end of its last one, pauses included."""
    cpu_hours: float | None
    """Processor time of the tasks, all threads added up."""
    gpu_hours: float | None
    """Wall time of the tasks on a GPU; a task on a share of one counts as one."""
    task_hours: float | None
    """Wall time of all tasks added up, side by side or not."""


def cost(summary: SweepSummary) -> Cost:
    """Return what the training and the attacks of a sweep cost; failed tasks leave no time behind."""
    rows = [*summary.targets, *summary.attacks]
    seconds = [row["seconds"] for row in rows if row["seconds"] is not None]
    processor = [row["cpu_seconds"] for row in rows if row["cpu_seconds"] is not None]
    devices = [row["device"] for row in rows if row["device"]]
    on_gpu = [row["seconds"] for row in rows if _is_gpu(row) and row["seconds"] is not None]
    return Cost(
        wall_hours=_wall_hours(rows),
        cpu_hours=sum(processor) / 3600 if processor else None,
        gpu_hours=sum(on_gpu) / 3600 if devices else None,
        task_hours=sum(seconds) / 3600 if seconds else None,
    )


def _is_gpu(row: Row) -> bool:
    return bool(row["device"]) and not str(row["device"]).startswith("cpu")


def _wall_hours(rows: list[Row]) -> float | None:
    spans: list[tuple[datetime, datetime]] = [
        (row["finished_at"] - timedelta(seconds=row["seconds"] or 0.0), row["finished_at"])
        for row in rows
        if row["finished_at"] is not None
    ]
    if not spans:
        return None
    return (max(end for _, end in spans) - min(start for start, _ in spans)).total_seconds() / 3600
