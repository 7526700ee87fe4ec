"""The ``trials`` table of a sweep: one row per trial, written when it ends and read back on a restart."""

from typing import TYPE_CHECKING, Any

from orchestrator.execution.events import KnownTrial, Proposal, TrialOutcome
from results import Store
from results.statistics.fitness import JUDGED, unfit_reason

if TYPE_CHECKING:
    from search_spaces import Sweep


def write_trial(store: Store, sweep_id: str, proposal: Proposal, outcome: TrialOutcome) -> None:
    """Write the row of an ended trial in one step; written again, it replaces itself."""
    trial = proposal.trial
    row: dict[str, Any] = {
        "sweep_id": sweep_id,
        "number": proposal.number,
        "role": proposal.role,
        "trial_id": trial.trial_id,
        "target_id": trial.target.piece_id,
        "config_id": trial.target.config_id,
        "attack_ids": [attack.piece_id for attack in trial.attacks],
        "state": outcome.state,
        "reason": outcome.reason,
        "acc": outcome.acc,
        "worst_att_acc": outcome.worst_att_acc,
    }
    store.write_rows("trials", trial_unit(sweep_id, proposal.number), [row])


def read_trials(store: Store, sweep_id: str) -> list[dict[str, Any]]:
    """Return the rows of the sweep's ended trials in the order of their numbers."""
    rows = [row for row in store.read_rows("trials").to_pylist() if row["sweep_id"] == sweep_id]
    return sorted(rows, key=lambda row: int(row["number"]))


def known_trials(store: Store, sweep: "Sweep") -> dict[str, KnownTrial]:
    """Return the ended trials of ``sweep`` by identity."""
    targets = store.read_rows("targets").select(["target_id", "control", *JUDGED]).to_pylist()
    unfit = {row["target_id"]: unfit_reason(row) for row in targets}
    return {
        row["trial_id"]: KnownTrial(row["number"], _outcome(row, unfit.get(row["target_id"])))
        for row in read_trials(store, sweep.sweep_id)
    }


def trial_unit(sweep_id: str, number: int) -> str:
    """Return the name of a trial's part.

    >>> trial_unit("3f2a", 7)
    '3f2a-0007'
    """
    return f"{sweep_id}-{number:04d}"


def _outcome(row: dict[str, Any], unfit: str | None) -> TrialOutcome:
    return TrialOutcome(row["state"], row["reason"], row["acc"], row["worst_att_acc"], unfit=unfit)
