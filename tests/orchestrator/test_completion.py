"""Completion as a shell asks for it: the words so far in the environment, the answers on standard output."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.commands.completion import VARIABLE
from search_spaces import setup_names, space_names


@pytest.fixture(autouse=True)
def in_a_folder_of_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("runs/one", "runs/two", "elsewhere/three", "runs/other"):
        Path(name).mkdir(parents=True)
        if name != "runs/other":
            Path(name, "store.json").write_text(json.dumps({"schema_version": 2}))
    Path("runs/one/sweeps").mkdir()
    Path("runs/one/sweeps/3f2a.json").write_text("{}")


def offered(*words: str) -> list[str]:
    """Return what bash is offered for the last of ``words``."""
    environment = {
        VARIABLE: "bash_complete",
        "COMP_WORDS": " ".join(["tldmi-sweep", *words]),
        "COMP_CWORD": str(len(words)),
    }
    result = CliRunner(env=environment).invoke(main, [], prog_name="tldmi-sweep")
    return [line.partition(",")[2] for line in result.stdout.splitlines() if line.startswith("plain,")]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("stat",), {"status"}),
        (("spaces", "va"), {"validate"}),
        (("--space", "bido"), {"bido_vs_tldmi", "bido_sensitivity"}),
        (("run", "--space", ""), set(space_names())),
        (("plan", "--space", "table12", "--data", ""), {*setup_names(), "dicebear", "embedded"}),
        (("status", ""), {"runs/one", "runs/two"}),
        (("report", "elsewhere/t"), {"elsewhere/three"}),
        (("status", "runs/one", "--sweep", ""), {"3f2a"}),
        (("status", "--store", "runs/one", "--sweep", "3"), {"3f2a"}),
        (("spaces", "copy", "table"), {"table12"}),
        (("completion", ""), {"bash", "zsh", "fish"}),
    ],
)
def test_names_are_offered(words: tuple[str, ...], expected: set[str]) -> None:
    assert set(offered(*words)) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    script = CliRunner().invoke(main, ["completion", shell]).stdout
    assert f"{VARIABLE}={shell}_complete" in script
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, text=True, check=False).returncode == 0
