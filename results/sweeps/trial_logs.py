"""The log of one trial: its configuration, its steps with times and reasons, and how it ended."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from results.errors import PathMissing
from results.stores.store import Store


@dataclass(frozen=True)
class StepLog:
    """A step of a trial, as it ended or as it was last heard of."""

    name: str
    state: str
    """``waiting``, ``started``, ``done``, ``found`` (in the store already) or ``failed``."""
    seconds: float | None = None
    reason: str | None = None
    host: str | None = None
    log: str | None = None
    """Path in the store of what the step logged."""


@dataclass(frozen=True)
class TrialLog:
    """What is known of a trial beside its row."""

    sweep_id: str
    number: int
    role: str
    trial: dict[str, Any]
    """Configuration of T and of the attacks."""
    state: str
    reason: str | None
    started_at: str
    ended_at: str
    steps: tuple[StepLog, ...]
    defense: dict[str, str] = field(default_factory=dict)
    """What the rows of T would say of its defence; see `results.defenses.DEFENSE_COLUMNS`."""


def write_trial_log(store: Store, log: TrialLog) -> None:
    """Write or replace the log of a trial."""
    store.put_bytes(_path(log.sweep_id, log.number), json.dumps(asdict(log), indent=1).encode())


def read_trial_log(store: Store, sweep_id: str, number: int) -> TrialLog | None:
    """Return the log of a trial; nothing when there is none, or it is damaged."""
    try:
        plain = json.loads(store.get_bytes(_path(sweep_id, number)))
        return TrialLog(**{**plain, "steps": tuple(StepLog(**step) for step in plain["steps"])})
    except PathMissing:
        return None
    except (KeyError, TypeError, json.JSONDecodeError, UnicodeDecodeError):
        return None


def _path(sweep_id: str, number: int) -> str:
    return f"logs/trials/{sweep_id}-{number:04d}.json"
