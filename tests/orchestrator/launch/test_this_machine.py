"""What a cluster takes from the machine that starts it: never the wrong folder; and programs it needs."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.errors import InvalidRequest
from orchestrator.launch import ray_commands, this_machine
from orchestrator.launch.cluster_file import read_cluster_file
from orchestrator.launch.this_machine import check_mounts, machine_findings

ROOT = Path(__file__).parent.parent.parent.parent
SHIPPED = [ROOT / "cluster.yaml", ROOT / "docs" / "cluster" / "on-prem.yaml"]


@pytest.fixture(params=SHIPPED, ids=["aws", "on-prem"])
def file(request):
    return read_cluster_file(request.param)


def test_in_the_folder_of_the_project_nothing_is_wrong(file, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(this_machine.shutil, "which", lambda program: f"/usr/bin/{program}")
    check_mounts(file)
    assert list(machine_findings(file)) == []


@pytest.mark.parametrize("setup", [None, "[metadata]\nname = another\n", "no INI file", "[options]\n"])
def test_elsewhere_nothing_is_copied(file, monkeypatch, tmp_path, setup):
    if setup is not None:
        (tmp_path / "setup.cfg").write_text(setup)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidRequest, match="run this in the folder you cloned"):
        check_mounts(file)
    monkeypatch.setattr(ray_commands, "run", lambda *_: pytest.fail("something was started"))
    result = CliRunner().invoke(main, ["cluster", "up", "--yes", str(file.path)])
    assert (result.exit_code, str(tmp_path) in result.output) == (2, True), result.output


def test_a_mount_of_something_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    made = tmp_path / "cluster.yaml"
    made.write_text(
        SHIPPED[0].read_text().replace("file_mounts:", f"file_mounts:\n  ~/more: {tmp_path}/none")
    )
    with pytest.raises(InvalidRequest, match=f"there is no {tmp_path}/none"):
        check_mounts(read_cluster_file(made))


def test_programs_that_are_not_there_are_named(file, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(this_machine.shutil, "which", lambda program: None)
    assert [finding.name for finding in machine_findings(file)] == ["ssh", "rsync"]
    assert {finding.state for finding in machine_findings(file)} == {"broken"}
