"""The list of commands: it agrees with the files, is whole in ``--help``, and imports no command."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.commands import COMMANDS, load_command

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "orchestrator" / "commands"
SHARED = {"__init__", "group", "options", "machine_options", "execution"}
"""Files that hold no command but what several of them use."""
LOADED = """
import sys
from orchestrator.cli import main
try:
    main(sys.argv[1:], prog_name="tldmi-sweep")
finally:
    print(*sorted(sys.modules), sep="\\n", file=sys.stderr)
"""


def test_the_list_and_the_files_agree() -> None:
    assert {place.module for place in COMMANDS.values()} == {
        path.stem for path in FOLDER.glob("*.py")
    } - SHARED
    assert {name: load_command(name).name for name in COMMANDS} == {name: name for name in COMMANDS}


def test_every_command_of_a_file_is_in_the_list() -> None:
    for module in {place.module for place in COMMANDS.values()}:
        here = [name for name, place in COMMANDS.items() if place.module == module]
        loaded = vars(sys.modules[load_command(here[0]).callback.__module__])
        found = {value.name for value in loaded.values() if isinstance(value, click.Command)}
        inner = load_command(here[0])
        grouped = {one.name for one in inner.commands.values()} if isinstance(inner, click.Group) else set()
        assert found - grouped == set(here)


def test_help_lists_every_command_with_its_line() -> None:
    shown = CliRunner().invoke(main, ["--help"]).stdout
    for name, place in COMMANDS.items():
        (line,) = [line for line in shown.splitlines() if line.startswith(f"  {name} ")]
        assert line.split(maxsplit=1)[1] == place.line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["statsu"], "No such command 'statsu'. Did you mean 'status'?"),
        (["spaces", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["cluster", "sumbit"], "No such command 'sumbit'. Did you mean 'submit'?"),
        (["xyzzy"], "No such command 'xyzzy'.\n"),
    ],
    ids=["command", "of spaces", "of cluster", "nothing near"],
)
def test_an_unknown_command_is_refused_with_the_nearest(words: list[str], said: str) -> None:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize(
    ("words", "own"),
    [(["--help"], set()), (["status", "--help"], {"status"}), (["gc", "--help"], {"gc"})],
    ids=["help", "status", "gc"],
)
def test_only_the_module_of_the_command_is_imported(words: list[str], own: set[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOADED, *words], capture_output=True, text=True, cwd=ROOT, check=True
    )
    loaded = set(result.stderr.splitlines())
    prefix = "orchestrator.commands."
    found = {name.removeprefix(prefix) for name in loaded if name.startswith(prefix)}
    assert found - SHARED == own
    assert not loaded & {"pydantic", "pyarrow", "numpy", "yaml", "rich"}
