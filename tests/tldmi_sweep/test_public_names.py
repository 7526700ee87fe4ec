"""The public face: every name is there, cheap to import, and described in the page for users of Python."""

import subprocess
import sys
from pathlib import Path

import pytest

import tldmi_sweep

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", tldmi_sweep.__all__)
def test_a_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(tldmi_sweep, name)
    assert name == "__version__" or value.__doc__
    assert f"`{name}`" in (ROOT / "docs" / "python.md").read_text()


def test_what_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        tldmi_sweep.absent  # type: ignore[attr-defined]  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import tldmi_sweep, sys; print(sorted({'torch', 'ray', 'pydantic', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
