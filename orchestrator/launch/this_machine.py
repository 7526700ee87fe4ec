"""What a cluster needs of the machine from which it is started: programs, and the folders that are copied."""

import configparser
import shutil
from collections.abc import Iterator
from pathlib import Path

from orchestrator.doctor import Finding
from orchestrator.errors import InvalidRequest
from orchestrator.launch.cluster_file import ClusterFile
from orchestrator.launch.ray_commands import PROJECT, TOKEN_FILE

PROGRAMS = ("ssh", "rsync")
"""What Ray reaches nodes with."""
PACKAGE = "tldmi-sweep"


def machine_findings(file: ClusterFile) -> Iterator[Finding]:
    """Yield what of this machine stands between ``file`` and its cluster."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            text = "not on this machine: Ray reaches the nodes with it; install the package of that name"
            yield Finding(program, "broken", text, "hosts")
    for target, text in _wrong_mounts(file):
        yield Finding(f"copied to {target}", "broken", text, "file")


def check_mounts(file: ClusterFile) -> None:
    """Raise ``InvalidRequest`` when the cluster would get another folder than this project's.

    A mount is relative to where the command runs: elsewhere, ``.`` is some other folder, as a home with
    everything that lies in it.
    """
    for target, text in _wrong_mounts(file):
        raise InvalidRequest(f"file_mounts of {file.path}, {target}: {text}")


def _wrong_mounts(file: ClusterFile) -> Iterator[tuple[str, str]]:
    """Yield mounts that would fail or copy the wrong thing, and what to do."""
    mounts = file.config.get("file_mounts")
    for target, given in (mounts if isinstance(mounts, dict) else {}).items():
        source = Path(str(given)).expanduser()
        if target == PROJECT and not _is_project(source):
            text = f"{source.resolve()} is not the folder of {PACKAGE}: run this in the folder you cloned"
            yield str(target), text
        elif not source.exists() and Path(str(given)) != TOKEN_FILE:
            yield str(target), f"there is no {source}"


def _is_project(folder: Path) -> bool:
    """Return whether the package can be installed from ``folder``."""
    parsed = configparser.ConfigParser()
    try:
        parsed.read(folder / "setup.cfg", encoding="utf-8")
    except (OSError, configparser.Error, UnicodeDecodeError):
        return False
    return parsed.get("metadata", "name", fallback=None) == PACKAGE
