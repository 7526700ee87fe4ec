"""The page on bringing a defence does what it says: its files and commands, from nothing to a front."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import results
from orchestrator.cli import main
from orchestrator.skeletons import skeleton
from search_spaces.canonical import identity
from search_spaces.defenses import Defense
from search_spaces.plugins import load_plugin, unload_plugin

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "plugins.md").read_text()
WORDS = {"kind": "mine", "cls": "Mine"}


def blocks(language: str) -> list[str]:
    """Return the code blocks of the page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_files_shown_are_those_that_the_command_writes() -> None:
    assert blocks("py") == [skeleton("defense", WORDS), skeleton("test_defense", WORDS)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which the page was followed to its end; test_plugin.py runs the test that it shows."""
    folder = tmp_path_factory.mktemp("reader")
    for text in blocks("yaml"):
        name = text.splitlines()[0].removeprefix("# ")
        (folder / name).write_text(text)
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in "".join(blocks("sh")).splitlines():
            done = CliRunner().invoke(main, shlex.split(line)[1:])
            assert done.exit_code == 0, f"{line}\n{done.output}\n{done.exception}"
            said.append(done.output)
    (folder / "said.txt").write_text("".join(said))
    yield folder
    unload_plugin(load_plugin(folder / "mine.py"))


def test_the_front_has_the_new_defence_beside_the_others(folder: Path) -> None:
    frame = results.load(str(folder / "runs")).configurations()
    assert {"no_def", "bido_hsic", "tl_dmi", "mine"} <= set(frame["defense"])
    assert frame.set_index("label").loc["Mine (w 0.1)", "weight"] == 0.1
    assert "Mine (w 0.1)" in (folder / "front.csv").read_text()
    for page in (folder / "report.html", folder / "runs" / "report.html"):
        assert "Mine" in page.read_text()


def test_the_commands_said_what_the_page_says(folder: Path) -> None:
    said = (folder / "said.txt").read_text()
    assert "defence part mine:" in said
    assert "TL-DMI (depth 2)" in said


def test_another_text_of_the_file_is_another_identity_only_of_what_it_defines(folder: Path) -> None:
    plain = {"mine": {"kind": "mine"}, "tl_dmi": {"kind": "tl_dmi", "freeze_depth": 2}}
    found = []
    for addition in ("", "# changed\n"):
        unload_plugin(load_plugin(folder / "mine.py"))
        other = folder / "other.py"
        other.write_text(skeleton("defense", WORDS) + addition)
        plugin = load_plugin(other)
        found.append({name: identity(Defense.model_validate(one)) for name, one in plain.items()})
        unload_plugin(plugin)
    before, after = found
    assert before["mine"] != after["mine"]
    assert before["tl_dmi"] == after["tl_dmi"]
