"""What the driver of a sweep says of itself while it runs, in one small object of the store."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

from results.errors import PathMissing
from results.stores.store import Store


@dataclass(frozen=True)
class RunningStep:
    """A step of a running trial: ``waiting``, ``started``, ``done``, ``found`` or ``failed``."""

    name: str
    state: str
    seconds: float | None = None


@dataclass(frozen=True)
class RunningTrial:
    """A trial that has started and not ended."""

    number: int
    role: str
    label: str
    started_at: str
    """ISO 8601, UTC, by the driver's clock."""
    steps: tuple[RunningStep, ...] = ()


@dataclass(frozen=True)
class RunProgress:
    """A run of a sweep as its driver last described it."""

    run: str
    """Identity of the run; requests to its driver carry it."""
    pid: int
    host: str
    started_at: str
    written_at: str
    """When the driver last wrote: every few seconds while it lives."""
    ended: int
    failed: int
    expected: int
    """Trials of the sweep with an outcome, those that failed among them, and how many there may be."""
    seconds_left: float | None = None
    trials: tuple[RunningTrial, ...] = ()
    stopping: str | None = None
    """Why no further trial starts."""
    outcome: str | None = None
    """How the run ended; nothing while it runs, and for one that was killed."""


def write_run_progress(store: Store, sweep_id: str, progress: RunProgress) -> None:
    """Write or replace the progress of the latest run of a sweep."""
    store.put_bytes(_path(sweep_id), json.dumps(asdict(progress), indent=1).encode())


def read_run_progress(store: Store, sweep_id: str) -> RunProgress | None:
    """Return the progress of the latest run; nothing when there is none, or none of this version."""
    try:
        plain = json.loads(store.get_bytes(_path(sweep_id)))
        trials = tuple(_trial(trial) for trial in plain.pop("trials"))
        progress = RunProgress(**plain, trials=trials)
        return TypeAdapter(RunProgress).validate_python(asdict(progress))
    except PathMissing:
        return None
    except (KeyError, TypeError, AttributeError, ValueError):  # also no JSON, and values of other types
        # It only decorates the rows; the driver writes it anew within seconds.
        return None


def _trial(plain: dict[str, Any]) -> RunningTrial:
    return RunningTrial(**{**plain, "steps": tuple(RunningStep(**step) for step in plain["steps"])})


def _path(sweep_id: str) -> str:
    return f"progress/{sweep_id}.json"
