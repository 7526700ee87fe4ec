"""The habits of this code base, checked: small functions and files, documented public names, plain words."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("search_spaces", "orchestrator", "trainables", "results")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}


def functions() -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                yield path, node


def body_length(function: ast.FunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_are_short() -> None:
    lengths = {f"{path.name}:{node.lineno} {node.name}": body_length(node) for path, node in functions()}
    assert {name: length for name, length in lengths.items() if length > 60} == {}
    assert statistics.median(lengths.values()) < 10


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 400


def test_public_functions_are_documented() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, node in functions()
        if not node.name.startswith("_") and ast.get_docstring(node) is None
    ]
    assert bare == []


def test_files_are_documented() -> None:
    assert [str(path) for path in SOURCES if ast.get_docstring(ast.parse(path.read_text())) is None] == []


def test_no_file_has_an_empty_name() -> None:
    assert [str(path) for path in SOURCES if EMPTY_WORDS & set(path.stem.split("_"))] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_public_faces_name_what_exists(folder: str) -> None:
    """Each name of a package's ``__all__`` is there once and can be had from it."""
    import importlib

    for init in (ROOT / folder).rglob("__init__.py"):
        package = ".".join(init.parent.relative_to(ROOT).parts)
        module = importlib.import_module(package)
        names = getattr(module, "__all__", [])
        assert len(set(names)) == len(names), package
        assert [name for name in names if not hasattr(module, name)] == [], package


def test_our_packages_are_the_ones_imported() -> None:
    """The top-level names are plain words, and other distributions use some of them."""
    import importlib

    for folder in FOLDERS:
        assert Path(importlib.import_module(folder).__file__ or "").parent == ROOT / folder
