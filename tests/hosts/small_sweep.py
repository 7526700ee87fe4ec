"""The sweep that the clusters of these tests run, its undisturbed twin, and how the two are compared."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from results import open_store
from results.schema import SCHEMAS, TIMING_COLUMNS
from tests.hosts.namespaces import VENV_BIN

ROOT = Path(__file__).parent.parent.parent
SPACE = "tests/hosts/tiny_space.yaml"
BUDGETS = (
    "target.epochs=1",
    "priors.wgan_gp.critic_warmup_steps=2",
    "evaluators=[{kind: face_embedding, network: sface}]",
)
ON_HOSTS = "~/tldmi-sweep"
"""Where the cluster files put the project on every host."""
TRIALS = 6
LIMIT = 400
"""Seconds after which a sweep counts as hanging."""

INSTALL = (
    f"mkdir -p ~/venv && ln -sfn {VENV_BIN} ~/venv/bin && "
    f"(grep -q PYTHONPATH ~/.bashrc || echo 'export PYTHONPATH={ON_HOSTS}' >> ~/.bashrc)"
)
"""In place of the installation, for which hosts need a network: the copied code in this environment."""


def options(store: str) -> list[str]:
    """Return the options of the sweep, relative to the project's folder."""
    settings = [word for budget in BUDGETS for word in ("--set", budget)]
    return ["--space", SPACE, *settings, "--store", store, "--json", "--quiet"]


def start_inline(store: Path) -> "subprocess.Popen[str]":
    """Start the undisturbed twin in one process on this machine."""
    return subprocess.Popen(
        [sys.executable, "-m", "orchestrator", *options(str(store)), "--executor", "inline"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def outcome(printed: str) -> dict[str, Any]:
    """Return the JSON document of the sweep among all that was printed on the way."""
    found: dict[str, Any] = json.loads(printed[printed.index('{\n "sweep_id"') : printed.rindex("}") + 1])
    return found


def tables(store: str) -> dict[str, list[str]]:
    """Return the rows of every table without times and hosts, in an order of their own."""
    return {name: _rows(store, name) for name in SCHEMAS}


def hosts(store: str, name: str) -> list[str]:
    """Return the host of every row of a table; none while the store is not there."""
    if not (Path(store) / "store.json").exists():
        return []
    found: list[str] = open_store(store).read_rows(name)["host"].to_pylist()
    return found


def ended(store: str) -> int:
    """Return how many trials have ended."""
    return len(list(Path(store, "trials").glob("*.parquet")))


def _rows(store: str, name: str) -> list[str]:
    timing = [column for column in SCHEMAS[name].names if column in TIMING_COLUMNS]
    rows = open_store(store).read_rows(name).drop_columns(timing).to_pylist()
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def wait_until(what: str, condition, limit: float = 120, pause: float = 1.0):
    """Return the first true answer of ``condition``."""
    deadline = time.monotonic() + limit
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(pause)
    return answer
