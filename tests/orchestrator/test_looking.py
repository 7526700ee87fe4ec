"""``status``, ``trials`` and ``logs``: what runs, what ended, why it failed and how to see it again."""

import csv
import importlib
import io
import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

import orchestrator.driver.run_watch
import orchestrator.driver.sweep
from orchestrator.cli import main
from orchestrator.driver.limits import Limits
from orchestrator.driver.sweep import Execution, run_sweep
from orchestrator.screens.runs import trial_table
from results import open_store
from results.sweeps.trial_list import COLUMNS, UnknownCondition, filter_rows, sort_rows, trial_list
from search_spaces import load_setup
from tests.fixtures.documents import errors_of
from tests.fixtures.rows import FakeSweep, helping_configs, write_fake_sweep
from tests.orchestrator.fake_steps import FAKE, FakeBuild, train
from tests.orchestrator.small_sweeps import small_space, small_sweep

SWEEP = small_sweep().sweep_id


def failing(config, store):
    """Fail with every defence at the first seed, each in another epoch."""
    if config.defense.kind != "no_def" and config.seed == 0:
        raise ValueError(f"the loss is NaN in epoch {len(config.piece_id) + hash(config.piece_id) % 9}")
    return train(config, store)


FAILING = FakeBuild(target=failing)


def shell(*words):
    return CliRunner().invoke(main, [str(word) for word in words], obj=FAILING)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A store with done and failed trials, the failed ones without any row of their T."""
    store = str(tmp_path_factory.mktemp("looking") / "a store; of 'mine'")
    execution = Execution("inline", limits=Limits(failures_in_row=0), build=FAILING)
    run_sweep(small_space(), load_setup("orl_faces"), store, execution)
    return store


def rows(store):
    return sorted(open_store(store).read_rows("trials").to_pylist(), key=lambda row: row["number"])


def failed(store):
    return [row["number"] for row in rows(store) if row["state"] == "failed"]


def test_trials_lists_every_trial_with_what_was_tried(swept: str) -> None:
    found = json.loads(shell("trials", swept, "--json").stdout)["trials"]
    assert [row["number"] for row in found] == [row["number"] for row in rows(swept)]
    assert {row["defense"] for row in found} >= {"no_def", "bido_hsic"}
    assert all(set(COLUMNS) < row.keys() for row in found)
    assert {row["lambda_x"] for row in found if row["defense"] == "no_def"} == {None}
    assert "not recorded" not in {row["label"] for row in found}


def test_trials_are_filtered_sorted_and_written_as_csv(swept: str) -> None:
    found = json.loads(shell("trials", swept, "--failed", "--json").stdout)["trials"]
    assert [row["number"] for row in found] == failed(swept)
    words = ["--where", "defense=no_def", "--where", "acc>=0", "--sort", "worst_att_acc", "--descending"]
    table = list(csv.DictReader(io.StringIO(shell("trials", swept, *words, "--csv").stdout)))
    values = [float(row["worst_att_acc"]) for row in table]
    assert values == sorted(values, reverse=True)
    assert {row["defense"] for row in table} == {"no_def"}
    assert shell("trials", swept, "--where", "acc>2").stdout == "no trial matches\n"
    mistyped = shell("trials", swept, "--where", "state=fialed").stdout
    assert mistyped == "no trial matches; state is one of done, failed\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--where", "defence=tl_dmi"], "did you mean 'defense'?"),
        (["--sort", "worst_att"], "did you mean 'worst_att_acc'?"),
        (["--where", "tl_dmi"], "write a column"),
        (["--where", "acc>high"], "is not a number"),
        (["--csv", "--json"], "not both"),
        (["--sweep", "zzz"], "No single sweep"),
    ],
)
def test_conditions_that_mean_nothing_are_refused(swept: str, words: list[str], said: str) -> None:
    result = shell("trials", swept, *words)
    assert (result.exit_code, said in result.output) == (2, True), result.output


def test_missing_values_fulfil_only_inequality_and_come_last() -> None:
    listed = [{"acc": None, "n": 1}, {"acc": 0.5, "n": 2}, {"acc": 0.1, "n": 3}]
    assert [row["n"] for row in filter_rows(listed, ["acc!=0.5"])] == [1, 3]
    assert [row["n"] for row in filter_rows(listed, ["acc<1"])] == [2, 3]
    assert [row["n"] for row in sort_rows(listed, "acc")] == [3, 2, 1]
    assert [row["n"] for row in sort_rows(listed, "acc", descending=True)] == [2, 3, 1]
    with pytest.raises(UnknownCondition):
        sort_rows(listed, "nothing")


def test_logs_say_where_a_trial_failed_and_with_which_configuration(swept: str) -> None:
    number = failed(swept)[0]
    result = shell("logs", number, swept)
    assert result.exit_code == 0, result.output
    for part in ("target failed: ValueError: the loss is NaN", "Traceback", "defense:", os.uname().nodename):
        assert part in result.output
    document = json.loads(shell("logs", number, swept, "--json").stdout)
    assert document["number"] == number
    assert "Traceback" in document["logs"]["target"]
    assert os.path.isfile(document["places"]["target"])


def test_the_command_of_logs_reproduces_the_trial(
    swept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    number = failed(swept)[0]
    words = shlex.split(json.loads(shell("logs", number, swept, "--json").stdout)["command"])
    assert words[:4] == ["tldmi-sweep", "retry", swept, str(number)]
    assert shell(*words[1:], "--quiet").exit_code == 3
    (again,) = rows(str(tmp_path / f"reproduced-{number}"))
    assert again == rows(swept)[number]


def test_a_trial_that_is_not_there_is_refused(swept: str) -> None:
    result = shell("logs", 99, swept)
    assert (result.exit_code, "no ended trial 99" in result.output) == (2, True)


def test_status_says_the_last_error_of_each_kind(swept: str) -> None:
    document = json.loads(shell("status", swept, "--json").stdout)
    (kind,) = document["error_kinds"]
    assert (kind["count"], kind["last"]["number"]) == (len(failed(swept)), max(failed(swept)))
    assert document["run"]["alive"] is False
    assert f"{kind['count']} failed like trial {max(failed(swept))}" in shell("status", swept).output


def test_status_shows_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orchestrator.driver.run_watch, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(orchestrator.driver.run_watch, "LOOK_SECONDS", {False: 0.02, True: 0.02})
    seen, said = [], []

    def target(config, store):
        while not seen or not seen[-1]["run"]["trials"]:
            seen.append(json.loads(shell("status", store.uri, "--json").stdout))
        said.extend(shell(*words, store.uri).output for words in (["trials"], ["logs", 0]))
        return train(config, store)

    steps = FakeBuild(target=target)
    store = str(tmp_path / "store")
    run_sweep(small_space(), load_setup("orl_faces"), store, Execution("inline", build=steps))
    assert errors_of("status", seen[-1]) == []
    run = seen[-1]["run"]
    assert (run["alive"], run["pid"], run["trials"][0]["label"]) == (True, os.getpid(), "No-Def")
    assert said[0] == "no trial has ended yet\n"
    assert f"has not ended; see its steps with: tldmi-sweep status {store}" in said[1]


def test_watch_shows_each_change_until_nobody_runs_the_sweep(
    swept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = importlib.import_module("orchestrator.commands.status")
    found, progress, _ = command._look(swept, None)
    stopping = replace(progress, outcome=None, stopping="Ctrl-C")
    looks = [
        (found, progress, True),
        (found, progress, True),
        (found, stopping, True),
        (found, progress, False),
    ]
    monkeypatch.setattr(command, "_look", lambda *_: looks.pop(0))
    result = shell("status", swept, "--watch", "--every", "0.1")
    assert (result.exit_code, looks) == (0, [])
    assert result.output.count("running: process") == 2
    assert "stopping: Ctrl-C" in result.output
    assert shell("status", swept, "--watch", "--json").exit_code == 2


def test_a_driver_that_died_is_said_to_be_gone(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    execution = Execution("inline", limits=Limits(max_trials=2), build=FAKE)
    run_sweep(small_space(), load_setup("orl_faces"), store, execution)
    assert "the last run ended: budget: --max-trials 2 is reached" in shell("status", store).output
    path = f"progress/{SWEEP}.json"
    plain = json.loads(open_store(store).get_bytes(path))
    open_store(store).put_bytes(path, json.dumps({**plain, "outcome": None}).encode())
    assert "last reported at" in shell("status", store).output


OF_OTHER_TYPES = {
    **dict.fromkeys(("run", "host", "started_at", "written_at"), 1),
    **dict.fromkeys(("pid", "ended", "failed", "expected"), "many"),
    "trials": [],
}


@pytest.mark.parametrize(
    "damage",
    [b"", b"[]", b"{}", b"\xff", b'{"trials": [{"number": 1}]}', json.dumps(OF_OTHER_TYPES).encode()],
)
def test_damaged_progress_and_logs_are_not_in_the_way(tmp_path: Path, damage: bytes) -> None:
    store = str(tmp_path / "store")
    run_sweep(small_space(), load_setup("orl_faces"), store, Execution("inline", build=FAKE))
    open_store(store).put_bytes(f"progress/{SWEEP}.json", damage)
    open_store(store).put_bytes(f"logs/trials/{SWEEP}-0000.json", damage)
    assert shell("status", store).exit_code == 0
    assert shell("status", store, "--json").exit_code == 0
    assert shell("trials", store).exit_code == 0
    assert shell("logs", "0", store).exit_code == 2
    assert len(trial_list(open_store(store), SWEEP)) == len(rows(store))


def test_every_character_is_printed_where_the_locale_is_not_utf_8(swept: str) -> None:
    """A shell of another encoding gets escapes in place of Greek letters, not a traceback."""
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for words in (["trials"], ["trials", "--csv"]):
        command = [sys.executable, "-m", "orchestrator", *words, swept]
        ended = subprocess.run(command, env=ascii_only, capture_output=True, check=False, timeout=200)
        assert ended.returncode == 0, ended.stderr
        assert b"\\u03bb" in ended.stdout


def test_a_column_stands_only_where_there_is_something_in_it(swept: str, tmp_path: Path) -> None:
    """``status`` reads no reconstructions and knows no intervals; where nothing failed there is no reason."""
    store = open_store(str(tmp_path), create=True)
    write_fake_sweep(store, FakeSweep(helping_configs(), pictures=False))
    shown = shell("status", tmp_path).stdout
    assert "interval" not in shown
    assert "worst AttAcc %" in shown
    assert "reason" in shell("trials", swept).stdout
    assert "reason" not in shell("trials", swept, "--where", "state=done").stdout


def test_names_are_whole_on_a_narrow_terminal(swept: str) -> None:
    narrow = Console(width=60, file=io.StringIO())
    narrow.print(trial_table(trial_list(open_store(swept), SWEEP)))
    text = narrow.file.getvalue()
    assert "…" not in text
    assert "No-Def" in text
    assert "BiDO-HSIC" in text


def test_status_says_where_the_page_of_the_latest_run_is(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    write_fake_sweep(store, FakeSweep(helping_configs(), pictures=False))
    assert "report:" not in shell("status", tmp_path).stdout
    (tmp_path / "report.html").write_text("a page")
    assert shell("status", tmp_path).stdout.endswith(f"report: {tmp_path / 'report.html'}\n")
    assert "report:" not in shell("status", tmp_path, "--sweep", "sweep0").stdout
