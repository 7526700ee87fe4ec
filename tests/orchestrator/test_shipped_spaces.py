"""Every shipped space runs to its end with steps that do nothing, on both embedded sets from one file."""

import pytest

from orchestrator.driver.sweep import Execution, run_sweep
from orchestrator.driver.trial_rows import read_trials
from orchestrator.search.fixed_trials import search_trials
from results import load, open_store
from search_spaces import Sweep, load_setup, load_space, space_names
from tests.orchestrator import fake_steps
from tests.orchestrator.fake_steps import FAKE


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(fake_steps, "SECONDS", 0)


@pytest.mark.parametrize("name", space_names())
@pytest.mark.parametrize("data", ["embedded", "dicebear"])
def test_a_shipped_space_runs_on_the_embedded_data(name, data, tmp_path):
    space, setup = load_space(name), load_setup(data)
    outcome = run_sweep(space, setup, str(tmp_path / "store"), Execution("inline", build=FAKE))
    rows = read_trials(open_store(outcome.store_uri), outcome.sweep_id)
    assert (outcome.failed, outcome.notes) == (0, ())
    assert {row["state"] for row in rows} == {"done"}
    searched = sum(row["role"] == "search" for row in rows)
    assert searched == search_trials(Sweep(space=space, setup=setup))
    assert searched >= 3
    load(outcome.store_uri).summary(outcome.sweep_id)


@pytest.mark.parametrize("setup", ["celeba", "facescrub", "stanford_dogs"])
def test_table12_has_rows_for_the_target_of_every_setup_of_the_supplement(setup: str) -> None:
    sweep = Sweep(space=load_space("table12"), setup=load_setup(setup))
    assert search_trials(sweep) >= 2


def test_on_celeba_the_same_file_tries_the_printed_rows() -> None:
    sweep = Sweep(space=load_space("table12"), setup=load_setup("celeba"))
    assert search_trials(sweep) == 13
    assert sweep.trial(sweep.anchors[0], 0).attacks[0].attacked_classes == 300
