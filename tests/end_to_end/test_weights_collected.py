"""Weights that ``gc --keep none`` removed come back, bit for bit, when another attack asks for their T."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.driver import outputs
from results import open_store
from results.schema import SCHEMAS, TIMING_COLUMNS

SETUP = Path(__file__).parent / "tiny_persons.yaml"
SPACE = """
name: {name}
description: two defences listed, nothing searched
defenses: [{{kind: tl_dmi, freeze_depth: {{choice: [2]}}}}]
attacks: [{attack}]
search: {{sampler: grid}}
confirmation: {{further_seeds: 0}}
control: {{kinds: []}}
"""
FIRST = SPACE.format(name="first", attack="{kind: gmi, iterations: 2, restarts: 1}")
ANOTHER = SPACE.format(
    name="another", attack="{kind: brepmi, iterations: 2, max_steps: 3, initial_draws: 64}"
)


def run(*words: str) -> str:
    """Run a command that must succeed; return its output."""
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def sweep(space: str, folder: Path) -> None:
    (folder / "space.yaml").write_text(space)
    place = ["--data", str(SETUP), "--store", str(folder / "runs"), "--executor", "inline", "--quiet"]
    run("--space", str(folder / "space.yaml"), *place)


def targets(folder: Path) -> list[dict[str, object]]:
    """Return the rows of the targets without times and hosts."""
    columns = [column for column in SCHEMAS["targets"].names if column in TIMING_COLUMNS]
    rows: list[dict[str, object]] = (
        open_store(str(folder / "runs")).read_rows("targets").drop_columns(columns).to_pylist()
    )
    return rows


def weights(folder: Path) -> dict[str, bytes]:
    store = open_store(str(folder / "runs"))
    return {path: store.get_bytes(path) for path in store.list_paths("artifacts/targets/")}


@pytest.mark.slow
def test_a_t_without_weights_is_trained_again_with_a_warning_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(outputs, "write_outputs", lambda *_: [Path("report.html")])  # drawing takes long
    sweep(FIRST, tmp_path)
    rows, kept = targets(tmp_path), weights(tmp_path)
    assert len(rows) == len(kept) == 2
    run("gc", str(tmp_path / "runs"), "--keep", "none", "--older-than", "0")
    assert weights(tmp_path) == {}
    assert targets(tmp_path) == rows
    sweep(ANOTHER, tmp_path)
    assert weights(tmp_path) == kept
    assert targets(tmp_path) == rows
    store = open_store(str(tmp_path / "runs"))
    assert sorted(store.read_rows("attacks")["attack"].to_pylist()) == ["brepmi"] * 2 + ["gmi"] * 2
    for row in rows:
        log = store.get_bytes(f"logs/steps/target-{row['target_id']}.log").decode()
        assert f"{row['target_id']}.safetensors" in log
        assert "it is built again now" in log
