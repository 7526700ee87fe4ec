"""Every document that ``--json`` prints is what its schema says, as the only thing on standard output."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.documents.documents import DOCUMENTS
from orchestrator.documents.schemas import schema_names
from results import open_store
from results.schema import SCHEMA_VERSION
from tests.fixtures.documents import errors_of
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
    "logs": [["logs", "1", "runs/ran"]],
    "retry": [["retry", "runs/ran", "--executor", "inline", "--quiet"]],
    "report": [["report", "runs/a", "-o", "page.html"]],
    "export": [["export", "runs/a", "--to", "front.csv"], ["export", "runs/empty", "--to", "empty.json"]],
    "gc": [["gc", "runs/a", "--dry-run"], ["gc", "runs/with_leftovers", "--older-than", "0"]],
    "doctor": [["doctor"]],
    "spaces-list": [["spaces", "list"]],
    "spaces-show": [["spaces", "show", "table12"]],
    "spaces-validate": [["spaces", "validate", "small.yaml"], ["spaces", "validate", "bad.yaml"]],
}
"""Command lines of each document."""
ELSEWHERE = {"stop", "cancel", "cluster-check"}
"""Documents that need a sweep that runs, or a cloud: the tests of those commands check them."""


@pytest.fixture(autouse=True)
def in_a_folder_with_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    Path("small.yaml").write_text(SPACE)
    Path("bad.yaml").write_text(SPACE.replace("trials: 2", "trials: 0"))
    open_store("runs/empty", create=True)
    failures = ("the loss became NaN",)
    sweep = FakeSweep(helping_configs()[:4], classes=6, failures=failures, pictures=False)
    write_fake_sweep(open_store("runs/a", create=True), sweep)
    unneeded = f"artifacts/targets/{'a' * 16}.safetensors"
    open_store("runs/with_leftovers", create=True).put_bytes(unneeded, b"weights")


def run(*words: str) -> Any:
    return CliRunner().invoke(main, words, obj=FAKE)


@pytest.mark.parametrize("name", WORDS)
def test_a_document_is_what_its_schema_says(name: str) -> None:
    if name in ("logs", "retry"):
        run(*WORDS["run"][0], "--store", "runs/ran")
    for words in WORDS[name]:
        result = run(*words, "--json")
        assert errors_of(name, json.loads(result.stdout)) == [], words
        assert errors_of(name, {"other": 1})


def commands(group: click.Group = main, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with the name of its document."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*prefix, name))
        else:
            yield "-".join((*prefix, name)), command


def test_every_command_with_json_has_a_schema_and_a_test_and_the_options_that_all_share() -> None:
    found = {name: {parameter.name for parameter in command.params} for name, command in commands()}
    documented = {name for name, options in found.items() if "as_json" in options}
    assert documented == set(DOCUMENTS) == {*WORDS, *ELSEWHERE}
    assert documented <= set(schema_names())
    assert all("quiet" in found[name] for name in documented)


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
