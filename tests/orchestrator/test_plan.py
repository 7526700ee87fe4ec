"""A plan counts what is left and prices it with what this store has measured."""

import pytest

from orchestrator.outcome import TrialOutcome
from orchestrator.plan import make_plan
from orchestrator.search import Proposer
from orchestrator.trial_rows import write_trial
from results import open_store
from search_spaces import canonical_json
from search_spaces.defenses import NoDef
from tests.orchestrator.small_sweeps import small_sweep


@pytest.fixture
def sweep():
    return small_sweep(search={"trials": 3}, confirmation={"further_seeds": 1, "at_most": 2})


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path), create=True)


def measure(store, sweep, seconds, epochs=None):
    """Write the rows of one trial whose steps took ``seconds`` (target, gmi, brepmi) of CPU time."""
    trial = sweep.trial(NoDef(), 0)
    recipe = sweep.setup.target
    target = {"target_id": trial.target.target_id, "status": "done", "data": "orl_faces"}
    target |= {"architecture": recipe.architecture, "epochs": epochs or recipe.epochs}
    target["cpu_seconds"] = seconds[0]
    store.write_rows("targets", target["target_id"], [target])
    for attack, cpu_seconds in zip(trial.attacks, seconds[1:], strict=True):
        row = {"attack_id": attack.attack_id, "target_id": target["target_id"], "status": "done"}
        row |= {"settings": canonical_json(attack.attack), "cpu_seconds": cpu_seconds}
        store.write_rows("attacks", attack.attack_id, [row])


def end_first_trial(store, sweep, state="done"):
    proposal = Proposer(sweep).next()
    write_trial(store, sweep.sweep_id, proposal, TrialOutcome(state, None, 0.9, 0.1))


def test_without_a_store_everything_is_left_and_the_cost_is_unknown(sweep, tmp_path):
    plan = make_plan(sweep, str(tmp_path / "none"))
    assert plan.planned == {"search": 3, "control": 1, "confirmation": 2}
    assert (plan.left, plan.cpu_seconds) == (plan.planned, None)
    assert not any(piece.in_store for piece in plan.shared)
    assert not (tmp_path / "none").exists()


def test_ended_trials_are_subtracted_failed_ones_too(sweep, store):
    end_first_trial(store, sweep, state="failed")
    assert make_plan(sweep, store.uri).left == {"search": 2, "control": 1, "confirmation": 2}


def test_the_cost_is_trials_left_times_the_measured_seconds_of_one(sweep, store):
    measure(store, sweep, (10.0, 4.0, 2.0))
    end_first_trial(store, sweep)
    assert make_plan(sweep, store.uri).cpu_seconds == pytest.approx(5 * 16)


def test_a_store_that_measured_something_else_knows_no_cost(sweep, store):
    measure(store, sweep, (10.0, 4.0, 2.0), epochs=99)
    assert make_plan(sweep, store.uri).cpu_seconds is None


def test_an_attack_that_was_never_measured_leaves_the_cost_unknown(sweep, store):
    measure(store, sweep, (10.0, 4.0, None))
    assert make_plan(sweep, store.uri).cpu_seconds is None


def test_shared_pieces_in_the_store_are_seen(sweep, store):
    attack = sweep.trial(NoDef(), 0).attacks[0]
    store.put_bytes(f"artifacts/generators/{attack.generator_config.generator_id}.safetensors", b"x")
    found = {piece.name: piece.in_store for piece in make_plan(sweep, store.uri).shared}
    evaluators = ("evaluator face_embedding", "evaluator trained_classifier")
    assert found == {"generator": True, **dict.fromkeys(evaluators, False)}


def test_planned_paths_of_shared_pieces_are_those_of_the_work(sweep):
    """The plan does not import the work, so the paths it looks at are compared here."""
    from trainables.evaluator import evaluator_path
    from trainables.generator import generator_path

    attack = sweep.trial(NoDef(), 0).attacks[0]
    assert generator_path(attack.generator_config).startswith("artifacts/generators/")
    assert evaluator_path(attack.evaluator_configs[0]).startswith("artifacts/evaluators/")
