"""Settings and cost of a sweep, from its settings and rows; and where its code came from."""

import json
from pathlib import Path

import pytest

from results import load, open_store
from results.report.provenance import code_changes, provenance_lines
from results.report.sweep_description import description_lines
from results.statistics.cost import cost
from results.sweeps.settings import SweepSettings, kept_settings
from tests.fixtures.rows import FakeConfig, FakeSweep, helping_configs, write_fake_sweep
from tests.orchestrator.small_sweeps import small_sweep


@pytest.mark.parametrize("damaged", [b"{", b"[]", b'{"sweep": 3}', b"\xff"])
def test_damaged_settings_are_none(tmp_path: Path, damaged: bytes) -> None:
    store = open_store(str(tmp_path), create=True)
    assert kept_settings(store, "s") == SweepSettings()
    store.put_bytes("settings/s.json", damaged)
    assert kept_settings(store, "s") == SweepSettings()


def test_the_question_is_told_in_words(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    write_fake_sweep(store, FakeSweep(helping_configs(), pictures=False, planned={"search": 8, "control": 1}))
    plain = {"sweep": small_sweep().model_dump(mode="json"), "runs": []}
    store.put_bytes("settings/sweep000000000001.json", json.dumps(plain).encode())
    summary = load(store.uri).summary()
    found = dict(description_lines(summary, kept_settings(store, summary.sweep_id)))
    assert found["Space"] == "small: for tests"
    assert "BiDO-HSIC (λx 0.01 to 0.2 (log), λy/λx 5 to 50)" in found["Searched"]
    assert "TL-DMI + BiDO-HSIC (freeze depth 2 or 4, λx 0.05 or 0.1" in found["Searched"]
    assert found["Search"] == "TPE, seed 0, rounds of 2, 1 further seed for at most 2 of the front"
    assert found["Planned"] == "8 configurations, 1 control"
    assert "GMI (1/100 of the published, 20 classes)" in found["Attacks"]
    assert "does not scale restarts" in found["Budgets"]
    assert "KEDMI's generator, LOMMA's students" in found["Budgets"]


def test_the_least_steps_of_a_training_are_told(tmp_path: Path) -> None:
    target = {"architecture": "small_vgg", "pretrained": None, "epochs": 20, "least_steps": 200}
    summary = load(open_store(str(tmp_path), create=True).uri).summary()
    found = dict(description_lines(summary, SweepSettings(setup={"target": target})))
    assert found["Target"] == "small_vgg, from scratch, 20 epochs, at least 200 steps"
    assert "Budgets" not in found


def test_hours_are_those_of_the_rows(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    configs = [FakeConfig("no_def", 0.9, {"gmi": 0.5}), FakeConfig("tl_dmi", 0.8, {"gmi": 0.1}, 4)]
    write_fake_sweep(store, FakeSweep(configs, pictures=False))
    found = cost(load(store.uri).summary())
    seconds = 11.5 + 11.9 + 2 * 23.0
    assert found.task_hours == pytest.approx(seconds / 3600)
    assert found.cpu_hours == pytest.approx(0.98 * seconds / 3600)
    assert found.gpu_hours == 0
    assert found.wall_hours == pytest.approx((60 + 23.0) / 3600)


def test_changes_of_the_code_are_told_with_hash_and_text(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    write_fake_sweep(store, FakeSweep([FakeConfig("no_def", 0.9, {"gmi": 0.5})], pictures=False))
    run = {"started_at": "2026-01-01T10:00:00+00:00", "executor": "inline", "git_dirty": True}
    runs = (run | {"git_diff_sha256": "ab" * 32, "git_diff": "+a line"}, run | {"git_diff_sha256": "ab" * 32})
    settings = SweepSettings(space={"search": {"seed": 5}}, runs=runs)
    found = dict(provenance_lines(load(store.uri).summary(), settings))
    assert found["Changes"] == f"uncommitted changes in 2 of 2 runs, SHA-256 {'ab' * 32}"
    assert found["Seeds"] == "search 5; training 0; attacks 0"
    assert found["Runs"].startswith("2, the first started 2026-01-01 10:00 UTC")
    assert code_changes(settings) == [("ab" * 32, "+a line")]
