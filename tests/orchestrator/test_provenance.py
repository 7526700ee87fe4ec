"""Where rows came from is kept beside the settings, run by run."""

import json
from dataclasses import replace

import pytest

from orchestrator.driver.credits import credit_lines
from orchestrator.provenance import (
    DIFF_KEPT,
    RUNS_KEPT,
    current_provenance,
    record_run,
)
from results import open_store
from results.sweeps.settings import settings_path
from search_spaces import Sweep, load_setup
from tests.orchestrator.small_sweeps import small_sweep


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path), create=True)


def kept(store, sweep):
    return json.loads(store.get_bytes(settings_path(sweep.sweep_id)))


def test_versions_commit_and_machine_are_recorded():
    provenance = current_provenance("inline")
    assert provenance.versions["optuna"]
    assert provenance.versions["torch"]
    assert provenance.cpus >= 1
    assert provenance.git_sha is None or len(provenance.git_sha) == 40


def test_each_run_is_added_and_the_settings_lead_back_to_the_sweep(store):
    sweep = small_sweep()
    for executor in ("inline", "ray"):
        record_run(store, sweep, current_provenance(executor))
    found = kept(store, sweep)
    assert [run["executor"] for run in found["runs"]] == ["inline", "ray"]
    assert Sweep.model_validate(found["sweep"]).sweep_id == sweep.sweep_id


def test_only_the_last_runs_are_kept(store):
    sweep = small_sweep()
    for _ in range(RUNS_KEPT + 3):
        record_run(store, sweep, current_provenance("inline"))
    assert len(kept(store, sweep)["runs"]) == RUNS_KEPT


def test_damaged_settings_are_written_anew(store):
    sweep = small_sweep()
    store.put_bytes(settings_path(sweep.sweep_id), b"{")
    record_run(store, sweep, current_provenance("inline"))
    assert len(kept(store, sweep)["runs"]) == 1


def test_secrets_of_the_environment_are_not_recorded(store, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    sweep = small_sweep()
    record_run(store, sweep, current_provenance("inline"))
    assert "hush" not in store.get_bytes(settings_path(sweep.sweep_id)).decode()


def test_data_and_every_packaged_network_are_credited():
    setup = load_setup("orl_faces")
    prior = setup.priors["wgan_gp"].model_copy(update={"initial": "digiface_dcgan"})
    lines = credit_lines(setup.model_copy(update={"priors": {"wgan_gp": prior}}))
    assert "AT&T" in lines[0]
    assert any("dlib" in line for line in lines)
    assert any("SFace" in line for line in lines)
    assert any("DigiFace" in line for line in lines)
    assert len(lines) == len(set(lines))


def test_drawn_persons_credit_their_artist_and_own_pictures_their_owner():
    assert "DiceBear" in credit_lines(load_setup("drawn_persons"))[0]
    assert credit_lines(load_setup("image_folder=a,b"))[0] == "your own pictures"


def test_uncommitted_changes_are_kept_once_with_their_hash(store):
    sweep = small_sweep()
    dirty = replace(
        current_provenance("inline"), git_dirty=True, git_diff="+a line", git_diff_sha256="ab" * 32
    )
    for _ in range(2):
        record_run(store, sweep, dirty)
    runs = kept(store, sweep)["runs"]
    assert [run["git_diff_sha256"] for run in runs[-2:]] == ["ab" * 32] * 2
    assert [run["git_diff"] for run in runs[-2:]] == ["+a line", None]


@pytest.fixture
def changed_code(monkeypatch):
    """A checkout with a change that holds a secret."""
    answers = {"rev-parse": "a" * 40, "status": " M file.py", "diff": '+api_key = "abcdef123456"\n+x = 1'}
    monkeypatch.setattr("orchestrator.provenance.git", lambda command, *_: answers[command])
    return answers


def test_the_diff_of_changed_code_is_kept_once_and_without_secrets(store, changed_code):
    sweep = small_sweep()
    for _ in range(3):
        record_run(store, sweep, current_provenance("inline"))
    runs = kept(store, sweep)["runs"]
    assert [run["git_dirty"] for run in runs] == [True] * 3
    assert len({run["git_diff_sha256"] for run in runs}) == 1
    (text,) = [run["git_diff"] for run in runs if run["git_diff"]]
    assert "+x = 1" in text
    assert "abcdef123456" not in text


def test_another_change_is_another_diff_and_a_clean_checkout_has_none(store, changed_code):
    sweep = small_sweep()
    for diff in ("+x = 1", "+y = 2"):
        changed_code["diff"] = diff
        record_run(store, sweep, current_provenance("inline"))
    changed_code |= {"diff": "", "status": ""}
    record_run(store, sweep, current_provenance("inline"))
    assert [run["git_diff"] for run in kept(store, sweep)["runs"]] == ["+x = 1", "+y = 2", None]


def test_a_long_diff_is_cut(changed_code):
    changed_code["diff"] = "x" * (DIFF_KEPT + 10)
    assert current_provenance("inline").git_diff == "x" * DIFF_KEPT
