"""``compare`` through the real command: what A and B may be, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from orchestrator.cli import main
from results import open_store
from tests.fixtures.rows import FakeSweep, helping_configs, hopeless_configs, write_fake_sweep


@pytest.fixture(autouse=True)
def two_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of two sweeps and one of a third on fewer people."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    both = open_store("runs/a", create=True)
    write_fake_sweep(both, FakeSweep(helping_configs(), "aaaa01", classes=8, pictures=False))
    write_fake_sweep(both, FakeSweep(hopeless_configs(), "bbbb02", classes=8, pictures=False))
    other = open_store("runs/b", create=True)
    write_fake_sweep(other, FakeSweep(helping_configs()[:4], "cccc03", classes=6, pictures=False))


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["compare", *words])


def document(*words: str) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize(
    ("words", "sweeps"),
    [
        (("runs/a", "runs/b"), ("aaaa01", "cccc03")),
        (("runs/a#bbbb", "runs/b#cc"), ("bbbb02", "cccc03")),
        (("aa", "bbbb02", "--store", "runs/a"), ("aaaa01", "bbbb02")),
        (("runs/b", "bb", "--store", "runs/a"), ("cccc03", "bbbb02")),
    ],
)
def test_sweeps_are_named_by_store_and_id(words: tuple[str, ...], sweeps: tuple[str, str]) -> None:
    found = document(*words)
    assert found["kind"] == "sweeps"
    assert (found["first"]["sweep_id"], found["second"]["sweep_id"]) == sweeps
    assert found["paired"] is (sweeps == ("aaaa01", "bbbb02"))


def test_configurations_are_named_as_in_the_notebook() -> None:
    found = document("tl_dmi-6", "no_def", "--store", "runs/a", "--sweep", "aa")
    assert (found["kind"], found["sweep_id"]) == ("configurations", "aaaa01")
    assert (found["first"]["label"], found["second"]["label"]) == ("TL-DMI (depth 6)", "No-Def")
    assert {one["attack"] for one in found["attacks"]} == {"gmi", "brepmi"}


def test_people_get_fronts_intervals_and_reasons() -> None:
    shown = run("runs/a", "runs/b").stdout
    for part in (
        "on the front: No-Def",
        "95 % interval",
        "first minus second",
        "not paired",
        "only in the first",
    ):
        assert part in shown
    assert "paired by" in run("tl_dmi-6", "no_def", "--store", "runs/a", "--sweep", "aa").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("runs/a", "runs/none"), "No store at"),
        (("runs/a", "runs/b#zz"), "No single sweep 'zz'"),
        (("tl_dmi", "no_df", "--store", "runs/b"), "Did you mean 'no_def'?"),
        (("tl_dmi", "no_def", "--store", "runs/a", "--sweep", "aa"), "is not one configuration"),
        (("runs/a", "tl_dmi", "--store", "runs/b"), "compare two sweeps, or two configurations of one"),
        (("aa", "bb"), "several stores under runs/"),
        (("aa",), "Missing argument 'B'"),
    ],
)
def test_names_that_mean_nothing_are_refused(words: tuple[str, ...], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.output
    assert not any(f"Did you mean {word!r}" in result.output for word in words)
