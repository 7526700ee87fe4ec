"""Trials to run again: which they are, and what is forgotten of them first."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from orchestrator.driver.trial_rows import read_trials
from orchestrator.errors import InvalidRequest
from orchestrator.execution.events import Proposal, Role, TrialOutcome
from results import Store
from results.stores.store import part_path
from results.sweeps.trial_logs import read_trial_log
from search_spaces import Sweep, TargetConfig, Trial


def failed_trials(store: Store, sweep: Sweep, numbers: Collection[int] | None = None) -> list[Proposal]:
    """Return the failed trials of ``sweep``, all of them or those with ``numbers``.

    Raises ``InvalidRequest`` for a number that is no failed trial, and for a trial whose configuration is
    nowhere recorded.
    """
    rows = {row["number"]: row for row in read_trials(store, sweep.sweep_id) if row["state"] == "failed"}
    chosen = sorted(rows) if numbers is None else sorted(set(numbers))
    if wrong := [number for number in chosen if number not in rows]:
        failed = ", ".join(map(str, sorted(rows))) or "none"
        raise InvalidRequest(
            f"trial {_listed(wrong)} of sweep {sweep.sweep_id} has not failed; failed: {failed}"
        )
    return [_proposal(store, sweep, rows[number]) for number in chosen]


def still_failed(store: Store, sweep: Sweep, numbers: Collection[int]) -> list[Proposal]:
    """Return those of the trials ``numbers`` that have failed; others may have been run again meanwhile."""
    failed = {row["number"] for row in read_trials(store, sweep.sweep_id) if row["state"] == "failed"}
    return failed_trials(store, sweep, failed.intersection(numbers))


def recorded_trials(store: Store, sweep: Sweep, numbers: Collection[int]) -> list[Proposal]:
    """Return trials of ``sweep`` that have ended, however they did; raises ``InvalidRequest`` for others."""
    rows = {row["number"]: row for row in read_trials(store, sweep.sweep_id)}
    if wrong := [number for number in sorted(set(numbers)) if number not in rows]:
        raise InvalidRequest(
            f"sweep {sweep.sweep_id} has no ended trial {_listed(wrong)}; see tldmi-sweep trials"
        )
    return [_proposal(store, sweep, rows[number]) for number in sorted(set(numbers))]


def forget_failures(store: Store, trials: Sequence[Proposal]) -> None:
    """Remove the rows of pieces of ``trials`` that failed: found, they would fail the trials again.

    The rows of the trials themselves stay until they are written anew.
    """
    for trial in (proposal.trial for proposal in trials):
        for piece_id, piece in trial.pieces().items():
            _forget_failed(store, piece.table, piece_id)


class FixedTrials:
    """Trials that are known beforehand, as a source of trials (`TrialSource`)."""

    def __init__(self, trials: Sequence[Proposal]) -> None:
        self._waiting = deque(trials)
        self._outcomes: dict[int, TrialOutcome] = {}
        self.proposals = tuple(trials)
        self.notes: tuple[str, ...] = ()
        self.all_proposed = True

    @property
    def finished(self) -> bool:
        """Whether every trial has been told."""
        return len(self._outcomes) == len(self.proposals)

    @property
    def outcomes(self) -> Mapping[int, TrialOutcome]:
        """All outcomes so far, by trial number."""
        return self._outcomes

    def next(self) -> Proposal | None:
        """Return the next trial; ``None`` when all have been handed out."""
        return self._waiting.popleft() if self._waiting else None

    def tell(self, number: int, outcome: TrialOutcome) -> None:
        """Take notice of how a trial ended."""
        self._outcomes[number] = outcome


def _forget_failed(store: Store, table: str, unit: str) -> None:
    if any(status == "failed" for status in store.read_rows(table, unit)["status"].to_pylist()):
        store.delete(part_path(table, unit))


def _proposal(store: Store, sweep: Sweep, row: Mapping[str, Any]) -> Proposal:
    trial = _logged_trial(store, sweep, row) or _trial_of_target(store, sweep, row)
    if trial is None or trial.trial_id != row["trial_id"]:
        raise InvalidRequest(
            f"the configuration of trial {row['number']} of sweep {sweep.sweep_id} is not recorded; "
            "run the sweep's own command to continue without it"
        )
    return Proposal(row["number"], cast(Role, row["role"]), trial)


def _logged_trial(store: Store, sweep: Sweep, row: Mapping[str, Any]) -> Trial | None:
    log = read_trial_log(store, sweep.sweep_id, row["number"])
    return None if log is None else Trial.model_validate(log.trial)


def _trial_of_target(store: Store, sweep: Sweep, row: Mapping[str, Any]) -> Trial | None:
    """Return the trial as the sweep makes it of the T in the targets table, if that has a row."""
    configs = store.read_rows("targets", row["target_id"])["config"].to_pylist()
    if not configs:
        return None
    config = TargetConfig.model_validate_json(configs[0])
    return sweep.trial(config.defense, config.seed, config.control, config.target)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
