"""Every document that ``--json`` prints is what its schema says, as the only thing on standard output."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

import orchestrator.driver.sweep
from orchestrator.cli import main
from orchestrator.documents.documents import DOCUMENTS
from orchestrator.documents.schemas import schema_of
from results import open_store
from results.schema import SCHEMA_VERSION
from tests.fixtures.rows import FakeSweep, helping_configs, write_fake_sweep
from tests.orchestrator.fake_steps import FAKE

SPACE = """
name: small
description: for tests
defenses: [{kind: tl_dmi, freeze_depth: all}]
attacks: [{kind: gmi}]
search: {trials: 2}
"""
WORDS = {
    "run": [["run", "--space", "small.yaml", "--executor", "inline", "--quiet"]],
    "plan": [["plan", "--space", "small.yaml"]],
    "status": [["status", "runs/a"], ["status", "runs/empty"]],
    "compare": [
        ["compare", "runs/a", "runs/a"],
        ["compare", "bido_hsic-None-0p05", "no_def", "--store", "runs/a"],
    ],
    "trials": [["trials", "runs/a"], ["trials", "runs/a", "--failed"]],
    "doctor": [["doctor"]],
    "spaces-list": [["spaces", "list"]],
    "spaces-show": [["spaces", "show", "table12"]],
    "spaces-validate": [["spaces", "validate", "small.yaml"], ["spaces", "validate", "bad.yaml"]],
}
"""Command lines of each document; ``stop`` and ``cancel`` need a sweep that runs (tests of their own)."""


@pytest.fixture(autouse=True)
def in_a_folder_with_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    monkeypatch.setattr(orchestrator.driver.sweep, "Steps", lambda: FAKE)
    Path("small.yaml").write_text(SPACE)
    Path("bad.yaml").write_text(SPACE.replace("trials: 2", "trials: 0"))
    open_store("runs/empty", create=True)
    failures = ("the loss became NaN",)
    sweep = FakeSweep(helping_configs()[:4], classes=6, failures=failures, pictures=False)
    write_fake_sweep(open_store("runs/a", create=True), sweep)


def run(*words: str) -> Any:
    return CliRunner().invoke(main, words)


@pytest.mark.parametrize("name", WORDS)
def test_a_document_is_what_its_schema_says(name: str) -> None:
    validator = Draft202012Validator(schema_of(name))
    for words in WORDS[name]:
        result = run(*words, "--json")
        document = json.loads(result.stdout)
        assert [error.message for error in validator.iter_errors(document)] == [], words
        assert not validator.is_valid({"other": 1})


def commands(group: click.Group = main, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with the name of its document."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*prefix, name))
        else:
            yield "-".join((*prefix, name)), command


def test_commands_with_a_document_have_the_options_that_all_share() -> None:
    found = {name: {parameter.name for parameter in command.params} for name, command in commands()}
    assert set(DOCUMENTS) <= {name for name, options in found.items() if "as_json" in options}
    assert all("quiet" in options for options in found.values() if "as_json" in options)


def test_an_unreadable_part_is_named_skipped_and_counted_with_exit_code_3() -> None:
    whole = json.loads(run("status", "runs/a", "--json").stdout)
    (trial,) = [part for part in Path("runs/a/trials").iterdir() if part.name.endswith("0001.parquet")]
    trial.write_bytes(b"PAR1 no more")
    for words in (["status", "runs/a"], ["compare", "runs/a", "runs/a"]):
        result = run(*words)
        assert result.exit_code == 3
        assert f"trials/{trial.name}" in result.stderr
        assert "1 part(s) of the store could not be read" in result.stderr
    document = json.loads(run("status", "runs/a", "--json").stdout)
    assert document["unreadable_parts"][0]["path"] == f"trials/{trial.name}"
    assert sum(document["done"].values()) == sum(whole["done"].values()) - 1
    assert trial.read_bytes() == b"PAR1 no more"


@pytest.mark.parametrize(
    "words", [["status"], ["report", "-o", "page.html"], ["export", "--to", "front.csv"]]
)
@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ({"format": "tldmi-sweep", "schema_version": SCHEMA_VERSION + 1}, "has schema version"),
        ({"other": "file"}, "is not readable"),
        (None, "No store at"),
    ],
)
def test_what_is_no_store_of_this_program_is_refused(words: list[str], marker: Any, said: str) -> None:
    Path("folder").mkdir()
    Path("folder/notes.txt").write_text("mine")
    if marker:
        Path("folder/store.json").write_text(json.dumps(marker))
    before = {path: path.read_bytes() for path in Path("folder").iterdir()}
    result = run(*words, "--store", "folder")
    assert (result.exit_code, said in result.stderr) == (2, True)
    assert {path: path.read_bytes() for path in Path("folder").iterdir()} == before
    assert not Path("page.html").exists()
