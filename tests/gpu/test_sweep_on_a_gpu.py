"""A sweep on a local Ray cluster with a real GPU, through the real command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from results import open_store

ROOT = Path(__file__).parent.parent.parent
TINY = ROOT / "tests" / "end_to_end"

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here"),
]


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``tldmi-sweep`` to its end."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    return subprocess.run(
        [sys.executable, "-m", "orchestrator", *words],
        capture_output=True, text=True, env=environment, cwd=folder, check=False,
    )  # fmt: skip


def test_a_sweep_takes_the_gpu_by_shares_and_says_so(tmp_path: Path) -> None:
    space, data = str(TINY / "tiny_space.yaml"), str(TINY / "tiny_persons.yaml")
    shares = ("--gpus-per-target", "0.5", "--gpus-per-attack", "0.25")
    ended = run("--space", space, "--data", data, "--store", "store", *shares, "--json", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    store = open_store(str(tmp_path / "store"))
    name = torch.cuda.get_device_name()
    for table in ("targets", "attacks"):
        rows = store.read_rows(table).to_pylist()
        assert {row["device"] for row in rows} == {name}
        assert {row["status"] for row in rows} == {"done"}
    planned = run(
        "plan",
        "--space",
        space,
        "--data",
        data,
        "--store",
        "store",
        "--trials",
        "9",
        *shares,
        "--json",
        folder=tmp_path,
    )
    plan = json.loads(planned.stdout)
    assert plan["requests"]["an attack"]["gpus"] == 0.25
    assert plan["gpu_seconds"] > 0


def test_a_share_of_more_gpus_than_there_are_is_refused(tmp_path: Path) -> None:
    many = str(torch.cuda.device_count() + 1)
    ended = run(
        "--space", "bido_vs_tldmi", "--data", "drawn_persons", "--gpus-per-target", many, folder=tmp_path
    )
    assert ended.returncode == 2
    assert f"training T requests 1 CPU(s) and {many} GPU(s)" in ended.stderr
