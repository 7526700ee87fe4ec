"""What a restart reads back of ended trials."""

from pathlib import Path

import pytest

from orchestrator.driver.trial_rows import known_trials, write_trial
from orchestrator.execution.events import TrialOutcome
from orchestrator.search.search import Proposer
from results import open_store
from tests.orchestrator.small_sweeps import small_sweep


@pytest.mark.parametrize(("acc", "unfit"), [(0.9, False), (0.05, True)])
def test_whether_t_is_unfit_is_found_from_its_row(tmp_path: Path, acc: float, unfit: bool) -> None:
    store, sweep = open_store(str(tmp_path), create=True), small_sweep()
    proposal = Proposer(sweep).next()
    assert proposal is not None
    target = proposal.trial.target.piece_id
    row = {"target_id": target, "status": "done", "acc": acc, "classes": 20, "test_images": 60}
    store.write_rows("targets", target, [row])
    write_trial(store, sweep.sweep_id, proposal, TrialOutcome("done", None, acc, 0.3))
    (known,) = known_trials(store, sweep).values()
    assert known.outcome == TrialOutcome("done", None, acc, 0.3)
    assert bool(known.outcome.unfit) is unfit


def test_a_trial_without_a_t_is_read_back_too(tmp_path: Path) -> None:
    store, sweep = open_store(str(tmp_path), create=True), small_sweep()
    proposal = Proposer(sweep).next()
    assert proposal is not None
    write_trial(store, sweep.sweep_id, proposal, TrialOutcome("failed", "no memory"))
    (known,) = known_trials(store, sweep).values()
    assert (known.outcome.reason, known.outcome.unfit) == ("no memory", None)
