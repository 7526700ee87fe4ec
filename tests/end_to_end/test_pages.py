"""What a reader of the pages does, done for real: every shell block in order, then the example notebook."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
NOTEBOOK = DOCS / "example.ipynb"
PAGES = ("tutorial.md", "spaces.md")
"""Pages whose ``sh`` blocks are run; ``console`` blocks are shown only."""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a reader who has the tutorial's files and the command."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(DOCS / "tutorial", folder / "docs" / "tutorial")
    command = folder / "bin" / "tldmi-sweep"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m orchestrator "$@"\n')
    command.chmod(0o755)
    return folder


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    text = (DOCS / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES)
def test_shell_blocks_of_a_page_succeed_in_their_order(reader: Path, page: str) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{reader / 'bin'}:{os.environ['PATH']}",
    }
    assert blocks(page, "sh")
    for block in blocks(page, "sh"):
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=reader, env=environment, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert result.returncode == 0, f"{block}\n{result.stdout}\n{result.stderr}"
        assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_the_tutorial_left_what_it_says(reader: Path) -> None:
    assert (reader / "runs" / "quick-persons" / "report.html").exists()
    assert r"\begin{tabular}" in (reader / "quick.tex").read_text()
    for block in blocks("tutorial.md", "python"):
        subprocess.run(
            [sys.executable, "-c", block], cwd=reader, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True
        )


@pytest.mark.slow
def test_the_example_notebook_runs_without_errors(reader: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(reader / "docs")}}).execute()
    assert [cell.execution_count for cell in code_cells(notebook)] == list(
        range(1, len(code_cells(notebook)) + 1)
    )


def test_the_example_notebook_is_kept_executed() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert len(code_cells(notebook)) >= 8
    assert all(cell.outputs for cell in code_cells(notebook))
    assert not any(output.output_type == "error" for cell in code_cells(notebook) for output in cell.outputs)
    assert NOTEBOOK.stat().st_size < 200_000


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return the cells that hold code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]
