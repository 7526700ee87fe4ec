"""The ways to a cluster beside `ray up`: scripts are run with stand-ins of the programs they call."""

import os
import shlex
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.execution.resources import TASK_RETRIES

FOLDER = Path(__file__).parent.parent / "docs" / "cluster"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
SWEEP = ["--space", "attacks_64", "--store", "/shared/a b"]
RECORDER = """#!/usr/bin/env bash
printf '%s\\n' "$(basename "$0")" "$@" --end-- >> "$LOG_OF_CALLS"
printf 'token %s %s\\n' "${RAY_AUTH_MODE:-}" "${#RAY_AUTH_TOKEN}" >> "$LOG_OF_CALLS.tokens"
case "$(basename "$0")" in
  scontrol) printf 'node7\\nnode8\\n' ;;
esac
"""


def run(script, tmp_path, **variables):
    """Run a script with stand-ins; return the command lines that it called, without the first word's path."""
    programs = tmp_path / "venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "activate").touch()
    for name in ("srun", "scontrol", "tldmi-sweep", "ray"):
        (programs / name).write_text(RECORDER)
        (programs / name).chmod(0o755)
    calls = tmp_path / "calls"
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "LOG_OF_CALLS": str(calls),
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        ["bash", str(FOLDER / script), *SWEEP],
        env={**environment, **variables}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, calls


def calls_in(path):
    return [text.strip("\n").split("\n") for text in path.read_text().split("--end--\n") if text]


def _ended(path):
    return path.read_text().count("--end--") if path.exists() else 0


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_bash(script):
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert "set -euo pipefail" in script.read_text()


def test_slurm_starts_ray_on_all_its_nodes_and_the_sweep_on_the_first(tmp_path):
    job = {"SLURM_JOB_NODELIST": "node[7-8]", "SLURM_JOB_ID": "4711", "SLURM_JOB_NUM_NODES": "2"}
    _, calls = run("slurm.sh", tmp_path, SLURM_CPUS_PER_TASK="8", **job)
    listed, started = calls_in(calls)
    assert listed == ["scontrol", "show", "hostnames", "node[7-8]"]
    assert started[:5] == ["srun", "--nodes=2", "--ntasks=2", "ray", "symmetric-run"]
    assert started[started.index("--address") + 1] == "node7:24711"
    sweep = started[started.index("--") + 1 :]
    assert sweep == ["tldmi-sweep", *SWEEP, "--address", "node7:24711"]


def test_slurm_hands_the_token_on_in_the_environment_alone(tmp_path):
    job = {"SLURM_JOB_NODELIST": "node7", "SLURM_JOB_ID": "1", "SLURM_JOB_NUM_NODES": "1"}
    _, calls = run("slurm.sh", tmp_path, SLURM_CPUS_PER_TASK="8", **job)
    assert calls.with_suffix(".tokens").read_text().splitlines()[-1] == "token token 64"
    assert not any(len(word) == 64 for call in calls_in(calls) for word in call)


def test_slurm_starts_a_step_that_lacks_memory_again_as_often_as_a_sweep_of_ones_own():
    lines = (FOLDER / "slurm.sh").read_text().splitlines()
    (line,) = (line for line in lines if "RAY_task_oom_retries" in line)
    assert line.startswith(f"export RAY_task_oom_retries={TASK_RETRIES} ")
    assert lines.index(line) < next(number for number, text in enumerate(lines) if text.startswith("srun"))


def test_one_gpu_box_plans_then_runs_detached_with_the_same_shares(tmp_path):
    said, calls = run("one-gpu-box.sh", tmp_path, GPUS_PER_TARGET="0.5")
    deadline = time.monotonic() + 200
    while _ended(calls) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    plan, sweep = calls_in(calls)
    shares = ["--gpus-per-target", "0.5", "--gpus-per-attack", "0.5"]
    assert plan == ["tldmi-sweep", "plan", *SWEEP, *shares]
    assert sweep == ["tldmi-sweep", *SWEEP, *shares]
    assert "tldmi-sweep.log" in said


def test_the_rayjob_runs_a_command_that_exists_on_workers_that_come_when_needed():
    job = yaml.safe_load((FOLDER / "kuberay.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    program, *words = shlex.split(job["spec"]["entrypoint"])
    assert program == "tldmi-sweep"
    assert CliRunner().invoke(main, [*words, "--help"]).exit_code == 0
    assert words[words.index("--address") + 1] == "auto"
    cluster = job["spec"]["rayClusterSpec"]
    (workers,) = cluster["workerGroupSpecs"]
    assert (workers["minReplicas"], cluster["enableInTreeAutoscaling"]) == (0, True)
    assert cluster["authOptions"] == {"mode": "token"}


def test_pods_are_given_what_they_ask_for():
    cluster = yaml.safe_load((FOLDER / "kuberay.yaml").read_text())["spec"]["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    for group in groups:
        (container,) = group["template"]["spec"]["containers"]
        assert container["resources"]["requests"] == container["resources"]["limits"]
        assert container["env"] == [{"name": "RAY_task_oom_retries", "value": str(TASK_RETRIES)}]
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
    assert "nvidia.com/gpu" not in groups[0]["template"]["spec"]["containers"][0]["resources"]["limits"]
