"""Importance finds the parameter that decides, is computed once, and says when there is too little."""

import json
from pathlib import Path

import numpy as np
import pytest

from orchestrator.provenance import current_provenance, record_run
from orchestrator.search.importance import (
    LEAST_TRIALS,
    importances,
    present_importances,
    record_importances,
    told_trials,
)
from orchestrator.search.suggest import parameters_of
from results import load, open_store, write_sweep
from results.sweeps.importance import read_importances
from results.sweeps.record import SweepRecord
from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOHSIC
from tests.orchestrator.small_sweeps import small_sweep


def swept(folder, count):
    """Write a search of BiDO in which lambda_x alone decides AttAcc; return results and sweep."""
    store = open_store(str(folder), create=True)
    sweep = small_sweep()
    record_run(store, sweep, current_provenance("inline"))
    rng = np.random.default_rng(0)
    for number in range(count):
        weight = float(f"{np.exp(rng.uniform(np.log(0.01), np.log(0.2))):.6g}")
        ratio = float(f"{rng.uniform(5, 50):.6g}")
        defense = Defense.of(BiDOHSIC(lambda_x=weight, lambda_y=float(f"{weight * ratio:.6g}")))
        trial = sweep.trial(defense, 0)
        write_trial_rows(
            store, sweep, trial, number, acc=0.9 - rng.uniform(0, 0.01), att_acc=0.6 - 2 * weight
        )
    write_sweep(store, SweepRecord(sweep.sweep_id, "small", "orl_faces"))
    return load(store.uri), sweep


def write_trial_rows(store, sweep, trial, number, acc, att_acc):
    target = {
        "target_id": trial.target.piece_id,
        "status": "done",
        "config_id": trial.target.config_id,
        "config": trial.target.model_dump_json(),
        "defense": trial.target.defense.kind,
        "seed": 0,
        "control": "none",
        "acc": float(acc),
    }
    store.write_rows("targets", trial.target.piece_id, [target])
    ids = []
    for attack in trial.attacks:
        row = {"attack_id": attack.piece_id, "target_id": target["target_id"], "status": "done"}
        row |= {"attack": attack.attack.kind, "att_acc": float(att_acc)}
        store.write_rows("attacks", attack.piece_id, [row])
        ids.append(attack.piece_id)
    row = {"sweep_id": sweep.sweep_id, "number": number, "role": "search", "trial_id": trial.trial_id}
    row |= {"target_id": target["target_id"], "attack_ids": ids, "state": "done"}
    store.write_rows("trials", f"{sweep.sweep_id}-{number:04d}", [row])


def test_the_parameter_that_decides_comes_first(tmp_path: Path) -> None:
    results, _ = swept(tmp_path, 60)
    found = importances(results.store, results.summary())
    assert (found.told, found.trials) == (60, 60)
    shares = found.shares["att_acc"]
    assert next(iter(shares)) == "bido_hsic.lambda_x"
    assert shares["bido_hsic.lambda_x"] > 0.7
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert found == importances(results.store, results.summary())


def test_too_few_trials_give_no_shares(tmp_path: Path) -> None:
    results, _ = swept(tmp_path, LEAST_TRIALS - 1)
    found = importances(results.store, results.summary())
    assert (found.trials, found.least, found.shares) == (LEAST_TRIALS - 1, LEAST_TRIALS, {})


def test_trials_are_told_with_the_parameters_of_the_space(tmp_path: Path) -> None:
    results, sweep = swept(tmp_path, 3)
    for parameters, (acc, att_acc) in told_trials(sweep, results.summary()):
        weight = parameters["bido_hsic.lambda_x"]
        assert att_acc == pytest.approx(0.6 - 2 * weight)
        assert 0.89 <= acc <= 0.9
        assert set(parameters) == {"defense", "bido_hsic.lambda_x", "bido_hsic.lambda_y_ratio"}
    assert (
        parameters_of(Defense.of(BiDOHSIC(lambda_x=5.0, lambda_y=0.5)), sweep.space, sweep.freeze_units)
        is None
    )


def test_what_was_recorded_is_used_until_the_search_goes_on(tmp_path: Path) -> None:
    results, sweep = swept(tmp_path, 4)
    record_importances(results.store, results.summary())
    kept = read_importances(results.store, sweep.sweep_id)
    assert kept.told == 4
    marked = json.loads(results.store.get_bytes(f"analysis/{sweep.sweep_id}.json")) | {"least": 99}
    results.store.put_bytes(f"analysis/{sweep.sweep_id}.json", json.dumps(marked).encode())
    assert present_importances(results.store, results.summary()).least == 99
    longer, _ = swept(tmp_path, 6)
    assert present_importances(longer.store, longer.summary()).told == 6


def test_damaged_files_are_no_importances(tmp_path: Path) -> None:
    results, sweep = swept(tmp_path, 2)
    results.store.put_bytes(f"analysis/{sweep.sweep_id}.json", b"[]")
    assert read_importances(results.store, sweep.sweep_id) is None
    results.store.put_bytes(f"settings/{sweep.sweep_id}.json", b"{}")
    assert present_importances(results.store, results.summary()) is None
