"""The plain Ray commands behind `tldmi-sweep cluster`: made here, shown to the user, then run."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import InvalidRequest
from orchestrator.launch.cluster_file import ClusterFile
from orchestrator.redaction import redact

PROJECT = "~/tldmi-sweep"
"""Where the cluster files put this folder on every node."""
TOKEN_FILE = Path("~/.ray/auth_token")
COUNT_WORKERS = {"RAY_UP_enable_autoscaler_v2": "0"}
"""Ray's newer autoscaler counts the head of a local cluster as a worker and starts one too few."""


@dataclass(frozen=True)
class Command:
    """One command line, with the variables it needs beside those of this process."""

    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    shows_secret: bool = False
    """Its output is a secret, and is not shown."""

    def __str__(self) -> str:
        """Return the line as one would type it."""
        return " ".join([*(f"{name}={value}" for name, value in self.variables.items()), _shown(self.words)])


def up(file: ClusterFile, *, yes: bool, have_token: bool) -> list[Command]:
    """Return what starts the cluster; first a token for it if there is none."""
    token = Command(("ray", "get-auth-token", "--generate"), shows_secret=True)
    start = Command(_ray("up", file, yes), COUNT_WORKERS if file.is_local else {})
    return [token, start] if file.uses_tokens and not have_token else [start]


def submit(file: ClusterFile, arguments: Sequence[str]) -> list[Command]:
    """Return what runs a sweep with these ``arguments`` on the head.

    Raises ``InvalidRequest`` without ``--store``, with a folder that only the head would see, or with what
    looks like a secret: command lines are shown, here and by the systems of both machines.
    """
    for word in arguments:
        if redact(word) != word:
            raise InvalidRequest(
                f"{redact(word)} would show a secret to every user of this machine and of the head: put it "
                "into the environment of the nodes, or use an instance profile"
            )
    given = {word.split("=")[0] for word in arguments}
    if "--space" not in given or "--store" not in given:
        raise InvalidRequest(
            "a sweep on a cluster needs --space and --store (a bucket, or a folder that every node sees), "
            "as in tldmi-sweep cluster submit cluster.yaml --space bido_vs_tldmi --store s3://BUCKET/PREFIX"
        )
    store = _value("--store", arguments)
    if "://" not in store and not store.startswith("/"):
        raise InvalidRequest(
            f"--store {store} would be a folder that only the head node sees: give s3://BUCKET/PREFIX, or "
            "the absolute path of a folder that every node sees"
        )
    where = [] if "--address" in given else ["--address", "auto"]
    sweep = f"cd {PROJECT} && {_mode(file)} tldmi-sweep {shlex.join([*arguments, *where])}"
    return [Command(("ray", "exec", str(file.path), sweep))]


def status(file: ClusterFile) -> list[Command]:
    """Return what shows nodes and what waits for one."""
    return [Command(("ray", "exec", str(file.path), f"{_mode(file)} ray status"))]


def down(file: ClusterFile, *, yes: bool) -> list[Command]:
    """Return what ends the cluster; workers of a local one are told, as `ray down` stops its head alone."""
    return [Command(_ray("down", file, yes)), *(_stop(file, address) for address in file.worker_addresses)]


def run(commands: Sequence[Command], show: Callable[[str], None]) -> int:
    """Show and run ``commands`` in order, all of them; return the first exit code that is not 0."""
    codes = []
    for command in commands:
        show(f"+ {command}")
        output = subprocess.DEVNULL if command.shows_secret else None
        done = subprocess.run(  # noqa: S603  (the words are ours and the user's own, no shell)
            [_found(command.words[0]), *command.words[1:]],
            env={**os.environ, **command.variables},
            stdout=output,
            stderr=output,
            check=False,
        )
        codes.append(done.returncode)
    return next((code for code in codes if code), 0)


def have_token() -> bool:
    """Return whether this user has a token for Ray clusters."""
    return TOKEN_FILE.expanduser().exists()


def _value(option: str, arguments: Sequence[str]) -> str:
    """Return what ``option``, which is there, was given last; empty when nothing follows it."""
    last = max(number for number, word in enumerate(arguments) if word.split("=")[0] == option)
    _, joined, value = arguments[last].partition("=")
    return value if joined else next(iter(arguments[last + 1 :]), "")


def _ray(verb: str, file: ClusterFile, yes: bool) -> tuple[str, ...]:
    return ("ray", verb, *(["--yes"] if yes else []), str(file.path))


def _stop(file: ClusterFile, address: str) -> Command:
    auth = file.config.get("auth") or {}
    key = ["-i", str(Path(str(auth["ssh_private_key"])).expanduser())] if "ssh_private_key" in auth else []
    # The hosts are those that `ray up` reached, with the same trust in their keys.
    trust = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
    patience = ["-o", "ConnectTimeout=10", "-o", "BatchMode=yes"]
    words = ["ssh", *key, *trust, *patience, f"{auth.get('ssh_user', 'root')}@{address}"]
    return Command((*words, "bash -lic 'ray stop'"))


def _mode(file: ClusterFile) -> str:
    return f"RAY_AUTH_MODE={'token' if file.uses_tokens else 'disabled'}"


def _shown(words: Sequence[str]) -> str:
    return shlex.join(words)


def _found(program: str) -> str:
    """Return the program beside this Python, where pip has put Ray's, else the one of the path."""
    beside = Path(sys.executable).parent / program
    path = str(beside) if beside.exists() else shutil.which(program)
    if path is None:
        raise InvalidRequest(f"the program {program!r} is not installed; install it, then try again")
    return path
