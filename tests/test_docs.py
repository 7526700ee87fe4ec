"""The pages say what the code does: every column is documented, every link and command of the docs exists."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from orchestrator.checks.space_checks import check_space
from orchestrator.cli import main
from orchestrator.commands import COMMANDS, load_command
from orchestrator.commands.options import add_quiet
from orchestrator.overrides import apply_assignments
from results.schema import SCHEMAS
from search_spaces import Sweep, load_setup, load_space, space_names
from search_spaces.recipes import RECIPES
from search_spaces.targets import FREEZE_UNITS, PAPER_FREEZE_DEPTHS

ROOT = Path(__file__).parent.parent
ROOMS = ("orchestrator", "trainables", "search_spaces", "results")
TABLES = ROOT / "docs" / "tables"
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
]


def test_the_schema_page_lists_every_column_of_every_table_with_its_type() -> None:
    page = (ROOT / "docs" / "schema.md").read_text()
    for table, schema in SCHEMAS.items():
        section = page.split(f"\n## {table}\n")[1].split("\n## ")[0]
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", section, flags=re.MULTILINE)
        assert [(name, kind) for name, kind, _ in rows] == [(f.name, str(f.type)) for f in schema], table
        assert all(len(meaning) >= 3 for _, _, meaning in rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!http)([^)]+)\)", page.read_text())
    assert [target for target in targets if not leads_somewhere(page, target)] == []


def leads_somewhere(page: Path, target: str) -> bool:
    """Return whether the file of a link exists, and the heading that its anchor names."""
    file, _, anchor = target.partition("#")
    found = page.parent / file if file else page
    return found.exists() and (not anchor or anchor in anchors(found))


def anchors(page: Path) -> set[str]:
    """Return what GitHub calls the headings of a page in links."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    plain = (heading.lower() for heading in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE))
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}


def commands() -> list[list[str]]:
    """Every ``tldmi-sweep`` command line of the pages, without what follows a pipe or a comment."""
    text = "\n".join(page.read_text() for page in PAGES).replace("\\\n", " ")
    lines = re.findall(r'tldmi-sweep ((?:--|[a-z])(?:"[^"\n]*"|[^`|#>;\n()"])*)', text)
    return [shlex.split(line) for line in lines]


def options(arguments: list[str], name: str) -> list[str]:
    """Return the values of an option on a command line, in order."""
    return [value for option, value in pairwise(arguments) if option == name]


def options_of_commands() -> dict[str, set[str]]:
    """Every long option of the command line, and the commands that have it."""
    found: dict[str, set[str]] = {}
    for name in COMMANDS:
        command = load_command(name)
        add_quiet(command)
        inner = command.commands if isinstance(command, click.Group) else {}
        for full, one in {name: command, **{f"{name} {sub}": one for sub, one in inner.items()}}.items():
            for parameter in one.params:
                for option in parameter.opts if isinstance(parameter, click.Option) else ():
                    found.setdefault(option, set()).add(full)
    return found


def test_the_page_of_commands_lists_every_option_with_its_commands() -> None:
    page = (ROOT / "docs" / "commands.md").read_text().split("## Every option\n")[1].split("\n## ")[0]
    listed: dict[str, set[str]] = {}
    for options_cell, commands_cell in re.findall(
        r"^\| (`-.*?) \| (.*?) \| .* \|$", page, flags=re.MULTILINE
    ):
        for option in re.findall(r"`(--?[a-z-]+)", options_cell):
            listed.setdefault(option, set()).update(re.findall(r"`([a-z ]+)`", commands_cell))
    found = options_of_commands()
    assert listed.keys() == found.keys() - {"-h"}
    for option in found.keys() - {"--json", "--quiet"}:  # which "all that look" have
        assert listed[option] == found[option], option


def test_the_page_of_commands_lists_every_environment_variable() -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    listed = set(re.findall(r"^\| `(TLDMI_SWEEP_\w+)` \|", page, flags=re.MULTILINE))
    sources = [path.read_text() for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    read = set(re.findall(r'"(TLDMI_SWEEP_\w+)"', "\n".join(sources)))
    assert listed == read - {"TLDMI_SWEEP_COMPLETE"}


NAMED = [arguments for arguments in commands() if options(arguments, "--space")]


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_commands_of_the_pages_are_understood(arguments: list[str]) -> None:
    """Options and sub-commands exist: asking for help of the same command line is no usage error.

    A plugin, which would be run before the help, is the reader's own file; its option alone is looked at.
    """
    own = {place + 1 for place, word in enumerate(arguments) if word == "--plugin"}
    plain = [word for place, word in enumerate(arguments) if place not in own and word != "--plugin"]
    if own:
        command = load_command(arguments[0])
        assert "--plugin" in {name for parameter in command.params for name in parameter.opts}
    answer = CliRunner().invoke(main, [*plain, "--help"])
    assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize("name", space_names())
def test_a_space_file_begins_with_its_own_command(name: str) -> None:
    first = (ROOT / "search_spaces" / "spaces" / f"{name}.yaml").read_text().splitlines()[0]
    assert first == f"# tldmi-sweep --space {load_space(name).name}"


@pytest.mark.parametrize("arguments", NAMED, ids=" ".join)
def test_spaces_that_the_pages_name_exist_and_suit_the_data_beside_them(arguments: list[str]) -> None:
    """Every setting changed on a command line of the pages exists, and T can do what the space asks."""
    (name,) = options(arguments, "--space")
    if name.endswith(".yaml"):
        return  # the reader's own
    space = load_space(name)
    data = (options(arguments, "--data") or [space.setup])[0]
    if data.endswith(".yaml"):
        return
    space, setup = apply_assignments(space, load_setup(data), options(arguments, "--set"))
    check_space(Sweep(space=space, setup=setup))


def test_every_table_page_is_listed_and_names_a_space_that_exists() -> None:
    index = (TABLES / "README.md").read_text()
    pages = sorted(page.name for page in TABLES.glob("*.md") if page.name != "README.md")
    assert sorted(re.findall(r"\]\((\w+\.md)\) \|", index)) == pages
    named = set(re.findall(r"\| `(\w+)` \|$", index, flags=re.MULTILINE))
    assert named == set(space_names()) - {"bido_vs_tldmi", "attacks_64"}


def test_the_page_of_recipes_lists_each_with_its_numbers() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\d+) \| (\d+) \| (\w+) ([\d.e-]+)", (TABLES / "table8.md").read_text(), re.M
    )
    found = {
        name: (int(epochs), int(batch), kind.lower(), float(rate)) for name, epochs, batch, kind, rate in rows
    }
    assert found == {
        name: (recipe["epochs"], recipe["batch_size"], recipe["optimizer"], recipe["learning_rate"])
        for name, recipe in RECIPES.items()
    }


def test_the_page_of_depths_lists_those_of_the_targets() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\d+) \| ([\d.]+ M -> .*) \|$", (TABLES / "README.md").read_text(), re.M
    )
    found = {name: tuple(map(int, re.findall(r"-> (\d+)", depths))) for name, _, depths in rows}
    assert found == PAPER_FREEZE_DEPTHS
    assert {name: int(units) for name, units, _ in rows} == {name: FREEZE_UNITS[name] for name in found}
