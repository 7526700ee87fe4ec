"""The public face: every name is there, cheap to import, and described in the page for users of Python."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import tldmi_sweep
from orchestrator.skeletons import NOUNS, write_skeleton
from tldmi_sweep import plugins, testing

ROOT = Path(__file__).parents[2]
OTHERS = {"collections.abc", "numpy", "numpy.typing", "pathlib", "pydantic", "torch", "torch.nn.functional"}
OTHERS |= {"typing"}
"""Modules of other packages that a skeleton may import."""


@pytest.mark.parametrize("name", tldmi_sweep.__all__)
def test_a_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(tldmi_sweep, name)
    assert name == "__version__" or value.__doc__
    assert f"`{name}`" in (ROOT / "docs" / "python.md").read_text()


@pytest.mark.parametrize(
    ("package", "name"), [(package, name) for package in (plugins, testing) for name in package.__all__]
)
def test_a_name_for_plugins_is_there_and_documented(package: ModuleType, name: str) -> None:
    assert getattr(package, name) is not None
    _, found, after = (ROOT / "docs" / "python.md").read_text().partition("## What a plugin file imports")
    assert found
    assert f"`{name}`" in after


@pytest.mark.parametrize("noun", NOUNS)
def test_a_skeleton_imports_public_names_alone(noun: str, tmp_path: Path) -> None:
    texts = [path.read_text() for path in write_skeleton(noun, "mine", tmp_path)]
    for node in (each for text in texts for each in ast.walk(ast.parse(text))):
        if isinstance(node, ast.ImportFrom) and node.module not in OTHERS:
            public = import_module(str(node.module)).__all__
            assert {alias.name for alias in node.names} <= set(public), node.module
        elif isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= OTHERS


def test_what_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        tldmi_sweep.absent  # type: ignore[attr-defined]  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import tldmi_sweep, sys; print(sorted({'torch', 'ray', 'pydantic', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
