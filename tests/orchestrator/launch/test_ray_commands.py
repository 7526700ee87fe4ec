"""The plain Ray commands of `tldmi-sweep cluster`: what they are, and that they are shown and run."""

import os
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.errors import InvalidRequest
from orchestrator.launch import ray_commands
from orchestrator.launch.cluster_file import read_cluster_file

ROOT = Path(__file__).parent.parent.parent.parent
AWS = read_cluster_file(ROOT / "cluster.yaml")
LOCAL = read_cluster_file(ROOT / "docs" / "cluster" / "on-prem.yaml")


def lines(commands):
    return [str(command).replace(f"{ROOT}/", "") for command in commands]


def test_up_makes_the_token_that_the_file_mounts_unless_there_is_one():
    first = ray_commands.up(AWS, yes=False, have_token=False)
    assert lines(first) == ["ray get-auth-token --generate", "ray up cluster.yaml"]
    assert [command.shows_secret for command in first] == [True, False]
    assert lines(ray_commands.up(AWS, yes=True, have_token=True)) == ["ray up --yes cluster.yaml"]


def test_workers_of_a_local_cluster_are_counted_without_the_head():
    (line,) = lines(ray_commands.up(LOCAL, yes=True, have_token=True))
    assert line == "RAY_UP_enable_autoscaler_v2=0 ray up --yes docs/cluster/on-prem.yaml"


def test_a_sweep_is_the_same_command_as_on_a_laptop_run_on_the_head():
    sweep = ["--space", "bido_vs_tldmi", "--set", "a=[{b: c}]", "--store", "s3://b/p; rm -rf /"]
    (command,) = ray_commands.submit(AWS, sweep)
    assert command.words[:2] == ("ray", "exec")
    remote = shlex.split(command.words[3])
    assert remote[:3] == ["cd", "~/tldmi-sweep", "&&"]
    assert remote[3:] == ["RAY_AUTH_MODE=token", "tldmi-sweep", *sweep, "--address", "auto"]


def test_an_address_of_the_users_own_is_kept():
    (command,) = ray_commands.submit(AWS, ["--space=x", "--store=s3://b/p", "--address=10.0.0.1:6379"])
    assert "auto" not in command.words[3]


@pytest.mark.parametrize("sweep", [[], ["--space", "x"], ["--store", "s3://b/p"]])
def test_a_sweep_without_space_or_store_is_refused(sweep):
    with pytest.raises(InvalidRequest, match="--store"):
        ray_commands.submit(AWS, sweep)


@pytest.mark.parametrize("store", [["--store", "runs"], ["--store=./runs/x"], ["--store", "/a", "--store="]])
def test_a_folder_that_only_the_head_would_see_is_refused(store):
    with pytest.raises(InvalidRequest, match="absolute path"):
        ray_commands.submit(AWS, ["--space", "x", *store])


@pytest.mark.parametrize("store", [["--store", "/shared/runs"], ["--store=file:///shared/runs"]])
def test_a_folder_that_every_node_may_see_is_passed_on(store):
    (command,) = ray_commands.submit(LOCAL, ["--space", "x", *store])
    assert shlex.join(store) in command.words[3]


@pytest.mark.parametrize(
    "word",
    [
        "postgresql://me:hunter22@host/db",
        "--optuna-storage=postgresql://me:hunter22@host/db",
        "s3://key:hunter22@bucket/p",
    ],
)
def test_a_secret_is_neither_shown_nor_sent(word, monkeypatch):
    monkeypatch.setattr(ray_commands, "run", lambda *_: pytest.fail("something was run"))
    words = ["--space", "x", "--store", "s3://b/p", word]
    result = CliRunner().invoke(main, ["cluster", "submit", str(AWS.path), *words])
    assert (result.exit_code, "hunter22" in result.output) == (2, False)
    assert "show a secret" in result.output


def test_down_also_stops_the_workers_that_ray_leaves_running():
    assert lines(ray_commands.down(AWS, yes=True)) == ["ray down --yes cluster.yaml"]
    first, *others = lines(ray_commands.down(LOCAL, yes=False))
    assert first == "ray down docs/cluster/on-prem.yaml"
    assert [address in line for address, line in zip(LOCAL.worker_addresses, others, strict=True)]
    assert all("ray stop" in line for line in others)


def test_commands_are_shown_and_run_with_their_variables_to_the_last(tmp_path):
    program = (
        f"import os, pathlib; pathlib.Path(r'{tmp_path}', os.environ['NAME']).touch(); raise SystemExit("
    )
    commands = [
        ray_commands.Command((sys.executable, "-c", f"{program}{code})"), {"NAME": name})
        for name, code in (("a", 0), ("b", 7), ("c", 9))
    ]
    shown = []
    assert ray_commands.run(commands, shown.append) == 7
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "c"]
    assert [line[:8] for line in shown] == ["+ NAME=a", "+ NAME=b", "+ NAME=c"]


def test_a_secret_is_not_shown(capfd):
    secret = ray_commands.Command((sys.executable, "-c", "print('hunter2')"), shows_secret=True)
    assert ray_commands.run([secret], lambda _: None) == 0
    assert "hunter2" not in capfd.readouterr().out


@pytest.mark.parametrize("verb", ["up", "status", "down", "submit"])
def test_a_file_that_cannot_be_read_starts_nothing(verb, monkeypatch):
    monkeypatch.setattr(ray_commands, "run", lambda *_: pytest.fail("something was run"))
    result = CliRunner().invoke(main, ["cluster", verb, "none.yaml"])
    assert (result.exit_code, "none.yaml" in result.output) == (2, True)


def test_the_command_passes_the_options_of_the_sweep_on(monkeypatch):
    ran = []
    monkeypatch.setattr(ray_commands, "run", lambda commands, _: ran.extend(commands) or 0)
    words = ["cluster", "submit", str(AWS.path), "--space", "x", "--store", "s3://b/p", "--threads", "2"]
    assert CliRunner().invoke(main, words).exit_code == 0
    assert "--space x --store s3://b/p --threads 2 --address auto" in ran[0].words[3]
