"""No module imports itself in a circle, be it inside a folder, in a function or for type checking alone."""

import ast
from collections.abc import Container, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("search_spaces", "orchestrator", "trainables", "results", "tldmi_sweep")


def modules(root: Path, packages: tuple[str, ...]) -> dict[str, Path]:
    """Return every module of ``packages`` by its dotted name."""
    paths = [path for package in packages for path in (root / package).rglob("*.py")]
    return {name_of(path.relative_to(root)): path for path in paths}


def name_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(name: str, path: Path, known: Container[str]) -> Iterator[str]:
    """Yield the modules of ``known`` that a module imports, wherever the statement stands.

    ``from x import y`` imports the module x.y if there is one, else the package x, whose name y is.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, [_package(name, path, node.level), node.module]))
            for target in (f"{base}.{alias.name}" for alias in node.names):
                if target in known or base in known:
                    yield target if target in known else base


def _package(name: str, path: Path, level: int) -> str:
    """Return the package that a relative import of ``level`` dots starts from, empty for an absolute one."""
    if not level:
        return ""
    parts = name.split(".")
    up = level - (path.stem == "__init__")
    return ".".join(parts[: len(parts) - up])


def imports(root: Path, packages: tuple[str, ...]) -> dict[str, set[str]]:
    """Return for each module the modules that it imports."""
    known = modules(root, packages)
    return {name: set(imported(name, path, known)) - {name} for name, path in known.items()}


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return the modules of a circle, its first one again at the end; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = imports(ROOT, PACKAGES)
    assert sum(map(len, graph.values())) > len(graph) > 300, "the search finds imports"
    assert circle(graph) == []


@pytest.mark.parametrize(
    "closing",
    [
        "from pack.deep.first import FIRST",
        "from pack.deep import first",
        "import pack.deep.first",
        "from .deep.first import FIRST",
        "def late() -> None:\n    from pack.deep.first import FIRST",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pack.deep.first import FIRST",
    ],
)
def test_a_circle_is_found_however_it_is_closed(tmp_path: Path, closing: str) -> None:
    (tmp_path / "pack" / "deep").mkdir(parents=True)
    for folder in ("pack", "pack/deep"):
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "pack" / "deep" / "first.py").write_text("from ..second import SECOND\n")
    (tmp_path / "pack" / "second.py").write_text("SECOND = 2\n")
    assert circle(imports(tmp_path, ("pack",))) == []
    (tmp_path / "pack" / "second.py").write_text(f"{closing}\n")
    assert set(circle(imports(tmp_path, ("pack",)))) == {"pack.deep.first", "pack.second"}
