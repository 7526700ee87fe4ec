"""The program that runs, as rows record it: versions of its packages, and what git says of its checkout."""

import functools
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
"""Where the checkout is, if the program runs from one."""


def package_version(package: str) -> str | None:
    """Return the version of an installed package; ``None``: not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def versions(packages: Iterable[str]) -> dict[str, str | None]:
    """Return the version of Python and of each of ``packages``; ``None``: not installed."""
    return {"python": platform.python_version(), **{name: package_version(name) for name in packages}}


@functools.cache
def git(*arguments: str) -> str | None:
    """Return what git says of the checkout that this program runs from; ``None`` without checkout or git."""
    if not (CHECKOUT / ".git").exists():
        return None
    command = ["git", "-C", str(CHECKOUT), *arguments]
    try:
        answer = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, errors="replace", check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
