"""Where rows came from is kept beside the settings, run by run."""

import json
from dataclasses import replace

import pytest

from orchestrator.credits import credit_lines
from orchestrator.provenance import RUNS_KEPT, current_provenance, record_run, settings_path
from results import open_store
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
    generator = setup.generator.model_copy(update={"initial": "digiface_dcgan"})
    lines = credit_lines(setup.model_copy(update={"generator": generator}))
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
