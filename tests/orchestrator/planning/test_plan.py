"""A plan counts what is left and prices it with what this store has measured."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.documents.plan import PlanDocument
from orchestrator.driver.trial_rows import write_trial
from orchestrator.execution.events import TrialOutcome
from orchestrator.execution.resources import ClusterResources, GpuShares
from orchestrator.planning.plan import make_plan
from orchestrator.planning.training_size import training_size
from orchestrator.screens.plan import budget_lines, cost_lines, size_lines
from orchestrator.screens.tables import plan_lines
from orchestrator.search.search import Proposer
from results import open_store
from search_spaces import canonical_json
from search_spaces.defenses import Defense
from search_spaces.variants import with_pretrained
from tests.orchestrator.small_sweeps import small_sweep

ROOT = Path(__file__).parent.parent.parent.parent


@pytest.fixture
def sweep():
    return small_sweep(search={"trials": 3}, confirmation={"further_seeds": 1, "at_most": 2})


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path), create=True)


def measure(store, sweep, seconds, epochs=None):
    """Write the rows of one trial whose steps took ``seconds`` (target, gmi, brepmi) of CPU time."""
    trial = sweep.trial(Defense(), 0)
    recipe = sweep.setup.target
    target = {"target_id": trial.target.piece_id, "status": "done", "data": "orl_faces"}
    target |= {"architecture": recipe.architecture, "epochs": epochs or recipe.epochs}
    target["cpu_seconds"] = seconds[0]
    store.write_rows("targets", target["target_id"], [target])
    for attack, cpu_seconds in zip(trial.attacks, seconds[1:], strict=True):
        row = {"attack_id": attack.piece_id, "target_id": target["target_id"], "status": "done"}
        row |= {"attack_settings": canonical_json(attack.attack), "cpu_seconds": cpu_seconds}
        store.write_rows("attacks", attack.piece_id, [row])


def gpu_rows(store, sweep, seconds):
    """Write the rows of one trial whose steps ran on a GPU for so long (target, gmi, brepmi)."""
    measure(store, sweep, (1.0, 1.0, 1.0))
    for table, taken in (("targets", seconds[:1]), ("attacks", seconds[1:])):
        wanted = [canonical_json(one.attack) for one in sweep.trial(Defense(), 0).attacks]
        for unit in store.units(table):
            (row,) = store.read_rows(table, unit).to_pylist()
            number = wanted.index(row["attack_settings"]) if table == "attacks" else 0
            store.write_rows(table, unit, [row | {"device": "cuda", "seconds": taken[number]}])


def end_first_trial(store, sweep, state="done"):
    proposal = Proposer(sweep).next()
    write_trial(store, sweep.sweep_id, proposal, TrialOutcome(state, None, 0.9, 0.1))


def test_without_a_store_everything_is_left_and_the_cost_is_unknown(sweep, tmp_path):
    plan = make_plan(sweep, str(tmp_path / "none"))
    assert plan.planned == {"search": 3, "control": 1, "confirmation": 2}
    assert (plan.left, plan.cpu_seconds) == (plan.planned, None)
    assert not any(piece.in_store for piece in plan.shared)
    assert not (tmp_path / "none").exists()


def test_it_says_what_is_trained_and_for_how_long(sweep, tmp_path):
    size = make_plan(sweep, str(tmp_path / "none")).size
    assert (size.private_classes, size.train_images, size.test_images) == (20, 140, 60)
    assert (size.public_classes, size.public_images) == (20, 200)
    assert (size.epochs, size.steps) == (12, 60)


def test_held_out_pictures_are_not_trained_on_and_least_steps_lengthen(sweep):
    target = sweep.setup.target.model_copy(
        update={"validation_fraction": 0.2, "least_steps": 200, "batch_size": 30}
    )
    setup = sweep.setup.model_copy(update={"target": target})
    size = training_size(sweep.model_copy(update={"setup": setup}).trial(Defense(), 0).target)
    assert (size.train_images, size.epochs, size.steps) == (120, 50, 200)


def test_it_notes_what_is_worth_knowing(sweep, tmp_path):
    plan = make_plan(sweep, str(tmp_path / "none"))
    assert (plan.notes, list(size_lines(plan))[2:]) == ((), [])
    scratch = sweep.setup.model_copy(update={"target": with_pretrained(sweep.setup.target, None)})
    plan = make_plan(sweep.model_copy(update={"setup": scratch}), str(tmp_path / "none"))
    assert list(size_lines(plan))[2].startswith("note: TL-DMI")


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
    attack = sweep.trial(Defense(), 0).attacks[0]
    store.put_bytes(attack.prior_config.artifact_path, b"x")
    found = {piece.name: piece.in_store for piece in make_plan(sweep, store.uri).shared}
    evaluators = ("evaluator face_embedding", "evaluator trained_classifier")
    assert found == {"prior wgan_gp": True, **dict.fromkeys(evaluators, False)}


BOX = ClusterResources(({"CPU": 8.0, "GPU": 1.0},), GpuShares(1.0, 0.5))


def test_gpu_time_is_wall_time_on_gpus_times_the_share(sweep, store):
    gpu_rows(store, sweep, (100.0, 40.0, 20.0))
    plan = make_plan(sweep, store.uri, BOX, usd_per_hour=2.0)
    assert plan.cost.gpu_seconds == pytest.approx(6 * (100 + 20 + 10))
    assert plan.cost.usd == pytest.approx(2.0 * 6 * 130 / 3600)


def test_rates_of_cpus_say_nothing_of_gpus(sweep, store):
    measure(store, sweep, (10.0, 4.0, 2.0))
    plan = make_plan(sweep, store.uri, BOX, usd_per_hour=2.0)
    assert (plan.cost.cpu_seconds, plan.cost.gpu_seconds, plan.cost.usd) == (6 * 16, None, None)


def test_disk_is_the_stores_size_over_its_trials(sweep, store):
    end_first_trial(store, sweep)
    store.put_bytes("artifacts/targets/x.safetensors", b"x" * 100_000)
    assert make_plan(sweep, store.uri).cost.disk_bytes >= 5 * 100_000
    proposer = Proposer(sweep)
    for _ in range(2):
        write_trial(store, sweep.sweep_id, proposer.next(), TrialOutcome("done", None, 0.9, 0.1))
    size = sum(path.stat().st_size for path in store.address.folder.rglob("*") if path.is_file())
    assert make_plan(sweep, store.uri).cost.disk_bytes == 4 * size / 2


def test_a_plan_as_a_document_is_flat_and_complete(sweep, store):
    document = PlanDocument.of(make_plan(sweep, store.uri, BOX, usd_per_hour=2.0)).model_dump(mode="json")
    assert json.loads(json.dumps(document)) == document
    page = (ROOT / "docs" / "plan.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)) == set(document)


def test_a_plan_says_how_much_each_attack_may_do(sweep, store):
    found = make_plan(sweep, store.uri)
    used = sweep.trial(Defense(), 0).attacks[0].attack
    assert found.attack_settings["gmi"]["iterations"] == used.iterations
    (gmi, brepmi) = budget_lines(found)
    budget = f"iterations {used.iterations}, restarts {used.restarts} (1/1500 of the published)"
    assert gmi == f"every target is attacked with GMI: {budget}"
    assert "seed" not in gmi + brepmi


def test_a_finished_sweep_costs_nothing_more(sweep, store):
    measure(store, sweep, (10.0, 4.0, 2.0))
    found = replace(make_plan(sweep, store.uri, BOX), planned={"search": 1}, ended={"search": 1})
    assert "left to compute: nothing" in plan_lines(found)
    assert list(cost_lines(found)) == []
