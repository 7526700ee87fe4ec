"""The check of a cluster file: what it finds, what it costs, that it starts nothing, and its exit codes."""

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.errors import ExitCode, Unreachable
from orchestrator.launch import check, cluster_report, ray_commands
from orchestrator.launch.check import check_cluster
from orchestrator.launch.cluster_file import read_cluster_file
from orchestrator.launch.machines import KNOWN, Price
from orchestrator.launch.this_machine import PROGRAMS
from tests.fixtures.deaf_port import deaf_port
from tests.fixtures.documents import errors_of

ROOT = Path(__file__).parent.parent.parent.parent
AWS, LOCAL = ROOT / "cluster.yaml", ROOT / "docs" / "cluster" / "on-prem.yaml"


class Cloud:
    """AWS as it might answer."""

    def __init__(self, credentials=True, silent=False):
        self._credentials, self._silent = credentials, silent

    def has_credentials(self):
        return self._credentials

    def resources(self, machine):
        if self._silent:
            raise Unreachable("AWS does not answer")
        return KNOWN.get(machine)

    def price(self, machine, spot):
        if self._silent:
            raise Unreachable("AWS does not answer")
        return Price(0.4 if spot else 0.1, "a price list")


def filled_in(tmp_path, path=AWS, *changes):
    """Return the shipped file with its CHANGE lines filled in, and more ``changes``."""
    text = path.read_text()
    usual = [("ami-0123456789abcdef0", "ami-0abc"), ("ACCOUNT", "1"), ("profile/HEAD", "profile/h")]
    usual += [("profile/WORKER", "profile/w"), ("192.0.2.", "127.0.0."), ("~/.ssh/id_ed25519", str(path))]
    for old, new in [*usual, *changes]:
        text = text.replace(old, new)
    made = tmp_path / "cluster.yaml"
    made.write_text(text)
    return made


def programs(folder, *names):
    """Return a folder with programs of these names, as a PATH would have them; they do nothing."""
    folder.mkdir()
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o700)
    return folder


def states(report):
    return {finding.name: finding.state for finding in report.findings}


@pytest.fixture(autouse=True)
def nothing_is_started(monkeypatch, tmp_path):
    monkeypatch.setattr(ray_commands, "run", lambda *_: pytest.fail("something was started"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(programs(tmp_path / "programs", *PROGRAMS)))
    monkeypatch.chdir(ROOT)  # what is copied to the nodes is found from here


def test_a_file_that_is_filled_in_is_ready_with_its_prices(tmp_path: Path) -> None:
    report = check_cluster(read_cluster_file(filled_in(tmp_path)), cloud=Cloud())
    assert report.ready, report.findings
    assert report.exit_code is ExitCode.DONE
    assert [(one.name, one.usd_per_hour, one.spot) for one in report.machines] == [
        ("head", 0.1, False),
        ("gpu", 0.4, True),
    ]


@pytest.mark.parametrize("absent", PROGRAMS)
def test_a_program_that_this_machine_lacks_is_named(tmp_path, monkeypatch, absent):
    others = {*PROGRAMS} - {absent}
    monkeypatch.setenv("PATH", str(programs(tmp_path / "fewer", *others)))
    report = check_cluster(read_cluster_file(filled_in(tmp_path)), cloud=Cloud())
    assert {name for name, state in states(report).items() if state == "broken"} == {absent}
    assert not report.ready


def test_every_placeholder_is_named_with_its_line() -> None:
    report = check_cluster(read_cluster_file(AWS), cloud=Cloud())
    broken = [finding.text for finding in report.findings if finding.state == "broken"]
    assert (len(broken), report.exit_code) == (3, ExitCode.INVALID)
    assert all(text.startswith("line ") for text in broken)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("max_workers: 8", "max_workers: many"), "max_workers"),
        (("head_node_type: head", "head_node_type: tail"), "head_node_type"),
        (("upscaling_speed:", "upscaling_sped:"), "upscaling_sped"),
    ],
)
def test_what_ray_would_refuse_is_broken(tmp_path, change, named):
    report = check_cluster(read_cluster_file(filled_in(tmp_path, AWS, change)), cloud=Cloud())
    (schema,) = (finding for finding in report.findings if finding.name == "schema")
    assert (schema.state, named in schema.text, report.exit_code) == ("broken", True, ExitCode.INVALID)


def test_without_credentials_nothing_is_asked_and_the_exit_code_says_unreachable(tmp_path: Path) -> None:
    report = check_cluster(read_cluster_file(filled_in(tmp_path)), cloud=Cloud(credentials=False))
    assert states(report)["credentials"] == "broken"
    assert report.exit_code is ExitCode.UNREACHABLE


def test_a_silent_provider_is_a_warning_and_prices_come_from_the_option(tmp_path: Path) -> None:
    file = read_cluster_file(filled_in(tmp_path))
    report = check_cluster(file, cloud=Cloud(silent=True), usd_per_hour=0.7)
    assert states(report)["gpu machine"] == "warning"
    assert (report.machines[1].usd_per_hour, report.machines[1].usd_source) == (0.7, "--usd-per-hour")
    assert report.machines[1].resources == {"CPU": 8.0, "GPU": 1.0}


def test_a_machine_type_that_does_not_exist_is_broken(tmp_path: Path) -> None:
    file = read_cluster_file(filled_in(tmp_path, AWS, ("g5.2xlarge", "g5.gigantic")))
    assert states(check_cluster(file, cloud=Cloud()))["gpu machine"] == "broken"


def test_nodes_without_tokens_are_warned_of(tmp_path: Path) -> None:
    file = read_cluster_file(
        filled_in(tmp_path, AWS, ("RAY_AUTH_MODE=token ray", "RAY_AUTH_MODE=disabled ray"))
    )
    assert states(check_cluster(file, cloud=Cloud()))["token"] == "warning"


def test_a_folder_is_no_store_for_machines_that_come_and_go(tmp_path: Path) -> None:
    file = read_cluster_file(filled_in(tmp_path))
    report = check_cluster(file, str(tmp_path / "store"), Cloud())
    assert states(report)["store"] == "broken"
    assert report.exit_code is ExitCode.UNREACHABLE


def test_a_bucket_that_does_not_answer_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setattr("results.stores.s3_bucket.pause", lambda attempt: 0.0)
    with deaf_port() as port:
        store = f"s3://bucket/prefix?endpoint=http://127.0.0.1:{port}"
        report = check_cluster(read_cluster_file(filled_in(tmp_path)), store, Cloud())
    assert (states(report)["store"], report.exit_code) == ("broken", ExitCode.UNREACHABLE)


def test_local_hosts_are_knocked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.10", 0)) as head:
        monkeypatch.setattr(check, "SSH_PORT", head.getsockname()[1])
        report = check_cluster(read_cluster_file(filled_in(tmp_path, LOCAL)))
    found = states(report)
    assert [found[f"127.0.0.{last}"] for last in (10, 11, 12)] == ["ok", "broken", "broken"]
    assert report.exit_code is ExitCode.UNREACHABLE


def test_addresses_as_shipped_are_not_knocked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a stranger was asked"))
    assert check_cluster(read_cluster_file(LOCAL)).exit_code is ExitCode.INVALID


def test_a_wrong_number_of_local_workers_is_broken(tmp_path: Path) -> None:
    file = read_cluster_file(filled_in(tmp_path, LOCAL, ("max_workers: 2", "max_workers: 3")))
    assert states(check_cluster(file))["workers"] == "broken"


def run(monkeypatch, *words):
    monkeypatch.setattr(cluster_report, "Aws", lambda region: Cloud())
    return CliRunner().invoke(main, ["cluster", "check", *words])


def test_the_command_says_what_a_sweep_needs_and_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(monkeypatch, str(filled_in(tmp_path)), "--space", "bido_vs_tldmi", "--json")
    document = json.loads(result.stdout)
    assert errors_of("cluster-check", document) == []
    assert (result.exit_code, document["ready"]) == (0, True)
    assert document["sweep"]["requests"]["training T"] == {"cpus": 1, "gpus": 1.0}
    assert document["sweep"]["usd_per_hour"] == 0.4
    assert {one["name"] for one in document["machines"]} == {"head", "gpu"}


def test_the_command_refuses_steps_that_no_node_can_ever_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [str(filled_in(tmp_path)), "--space", "bido_vs_tldmi", "--gpus-per-target", "2"]
    result = run(monkeypatch, *words)
    assert result.exit_code == 2
    assert "GPU: 1 on a node at most" in result.output
    assert "not ready" in result.output


def test_the_command_names_what_is_broken_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, str(AWS))
    assert result.exit_code == 2
    assert "line " in result.output
    assert "g5.2xlarge" in result.output
