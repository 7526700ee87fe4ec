"""Versions and commit of the program that runs."""

import subprocess
from pathlib import Path

import pytest

from results import installation
from results.installation import git, package_version, versions


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the program is made to run from."""
    monkeypatch.setattr(installation, "CHECKOUT", tmp_path)
    git.cache_clear()
    yield tmp_path
    git.cache_clear()


def test_versions_are_those_of_python_and_of_the_packages_asked_for() -> None:
    found = versions(["pyarrow", "no-such-package-here"])
    assert list(found) == ["python", "pyarrow", "no-such-package-here"]
    assert found["python"].startswith("3.")
    assert found["pyarrow"] == package_version("pyarrow") is not None
    assert found["no-such-package-here"] is None


def test_git_is_asked_about_the_checkout_of_the_program(checkout: Path) -> None:
    assert git("rev-parse", "--is-inside-work-tree") is None, "no checkout"
    git.cache_clear()
    subprocess.run(["git", "init", "-q", str(checkout)], check=True)
    assert git("rev-parse", "--is-inside-work-tree") == "true"
    assert git("rev-parse", "--verify", "HEAD") is None, "no commit yet"


def test_without_git_nothing_is_known(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    assert git("rev-parse", "--verify", "HEAD") is None
