"""A product of TL-DMI and a part of the pictures is searched, and its columns are those of any defence."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import results
from tests.end_to_end.test_plugin import SETUP

SPACE = """
name: erased
description: TL-DMI with and without random erasing.
defenses:
  - {kind: no_def}
  - {kind: tl_dmi+random_erasing, freeze_depth: {integers: [1, 4]}, largest_area: {uniform: [0.2, 0.6]}}
attacks: [{kind: gmi}]
search: {trials: 3, sampler: random}
confirmation: {further_seeds: 0, at_most: 0}
control: {kinds: []}
"""


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("erased")
    (folder / "setup.yaml").write_text(SETUP)
    (folder / "space.yaml").write_text(SPACE)
    run(folder, "--space", "space.yaml", "--data", "setup.yaml", "--store", "runs", "--executor", "inline")
    return folder


def test_the_trials_show_what_was_searched(swept: Path) -> None:
    trials: list[dict[str, Any]] = json.loads(run(swept, "trials", "runs", "--json"))["trials"]
    products = [trial for trial in trials if trial["defense"] == "tl_dmi+random_erasing"]
    assert len(products) >= 2
    for trial in products:
        assert 1 <= trial["freeze_depth"] <= 4
        assert 0.2 <= trial["largest_area"] <= 0.6
        assert (trial["smallest_area"], trial["erase_probability"]) == (0.1, 1.0)
        assert trial["label"].startswith("TL-DMI + Random erasing (depth ")
    assert len({trial["largest_area"] for trial in products}) == len(products)
    assert {trial["largest_area"] for trial in trials if trial["defense"] == "no_def"} == {None}


def test_every_searched_field_is_a_column(swept: Path) -> None:
    frame = results.load(str(swept / "runs")).configurations()
    products = frame[frame["defense"] == "tl_dmi+random_erasing"]
    assert len(products) >= 2
    assert products["largest_area"].between(0.2, 0.6).all()
    assert products["freeze_depth"].between(1, 4).all()
    assert products["acc"].notna().all()
