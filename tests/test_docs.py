"""The pages say what the code does: every column is documented, every link and command of the docs exists."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from results.schema import SCHEMAS
from search_spaces import load_space, space_names

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
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
    targets = re.findall(r"\]\((?!http)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def commands() -> list[list[str]]:
    """Every ``tldmi-sweep`` command line of the pages, without what follows a pipe or a comment."""
    text = "\n".join(page.read_text() for page in PAGES)
    lines = re.findall(r"tldmi-sweep ((?:--|[a-z])[^`|#>;\n(]*)", text)
    return [line.split() for line in lines]


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_commands_of_the_pages_are_understood(arguments: list[str]) -> None:
    """Options and sub-commands exist: asking for help of the same command line is no usage error."""
    answer = CliRunner().invoke(main, [*arguments, "--help"])
    assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize("name", space_names())
def test_a_space_file_begins_with_its_own_command(name: str) -> None:
    first = (ROOT / "search_spaces" / "spaces" / f"{name}.yaml").read_text().splitlines()[0]
    assert first == f"# tldmi-sweep --space {load_space(name).name}"
