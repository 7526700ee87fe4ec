"""``orchestrator.run``: a sweep from Python gives the results that its store gives."""

from pathlib import Path

import pandas as pd
import pytest

import orchestrator
import orchestrator.running
import results
from search_spaces import InvalidSpace, load_setup
from tests.orchestrator.fake_steps import FAKE
from tests.orchestrator.small_sweeps import small_space

SPACE = """
name: small
description: for tests
defenses: [{kind: tl_dmi, freeze_depth: all}, {kind: bido_hsic}]
attacks: [{kind: gmi}]
search: {trials: 3}
"""


@pytest.fixture(autouse=True)
def fake_work_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(orchestrator.running, "build_piece", FAKE)
    Path("small.yaml").write_text(SPACE)


def test_a_space_file_is_run_and_its_results_are_those_of_the_store() -> None:
    sweep = orchestrator.run("small.yaml", executor="inline")
    assert sweep.store.uri == str(Path("runs/small-orl_faces").absolute())
    assert (sweep.trials["role"] == "search").sum() == 3
    loaded = results.load("runs/small-orl_faces")
    assert loaded.sweep_id == sweep.sweep_id
    pd.testing.assert_frame_equal(loaded.trials, sweep.trials)


def test_running_again_runs_nothing_and_more_trials_continue() -> None:
    first = orchestrator.run("small.yaml", executor="inline", store="here")
    log = Path("here/steps.log").read_text()
    again = orchestrator.run(Path("small.yaml"), executor="inline", store="here")
    assert Path("here/steps.log").read_text() == log
    assert again.sweep_id == first.sweep_id
    more = orchestrator.run("small.yaml", executor="inline", store="here", trials=5)
    assert more.sweep_id == first.sweep_id
    assert (more.trials["role"] == "search").sum() == 5


def test_settings_objects_and_a_seed_make_other_sweeps() -> None:
    space, setup = small_space(search={"trials": 2}), load_setup("drawn_persons")
    runs = [
        orchestrator.run("small.yaml", executor="inline", store="s", seed=4),
        orchestrator.run("small.yaml", executor="inline", store="s", settings={"target.epochs": 3}),
        orchestrator.run(space, setup, executor="inline", store="s"),
    ]
    assert len({sweep.sweep_id for sweep in runs}) == 3
    assert [record(sweep).command for sweep in runs] == [
        "tldmi-sweep --space small.yaml --store s --seed 4",
        "tldmi-sweep --space small.yaml --store s --set target.epochs=3",
        None,
    ]
    assert record(runs[-1]).setup == "drawn_persons"


def record(sweep: results.SweepResults) -> results.SweepRecord:
    found = sweep.summary().record
    assert found is not None
    return found


def test_bad_input_is_refused_before_any_work() -> None:
    with pytest.raises(InvalidSpace, match="Did you mean 'bido_vs_tldmi'"):
        orchestrator.run("bido_vs_tlmdi")
    with pytest.raises(InvalidSpace, match=r"target\.epochs"):
        orchestrator.run("small.yaml", settings={"target.epochs": 0})
    assert not Path("runs").exists()
