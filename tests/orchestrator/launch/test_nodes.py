"""What nodes a cluster file can come to."""

from pathlib import Path

from orchestrator.launch.cluster_file import read_cluster_file
from orchestrator.launch.nodes import possible_nodes

ROOT = Path(__file__).parent.parent.parent.parent
AWS, LOCAL = ROOT / "cluster.yaml", ROOT / "docs" / "cluster" / "on-prem.yaml"


def changed(tmp_path, path, *changes):
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "cluster.yaml").write_text(text)
    return read_cluster_file(tmp_path / "cluster.yaml")


def test_machine_types_of_the_shipped_file_are_known_without_a_network():
    assert possible_nodes(read_cluster_file(AWS)) == [
        {"CPU": 2.0, "GPU": 0.0},
        *[{"CPU": 8.0, "GPU": 1.0}] * 8,
    ]


def test_resources_in_the_file_count_more_than_the_machine_type(tmp_path):
    file = changed(
        tmp_path, AWS, ("max_workers: 8", "max_workers: 2"), ("    resources: {}", "    resources: {GPU: 4}")
    )
    assert possible_nodes(file)[1:] == [{"CPU": 8.0, "GPU": 4.0}] * 2


def test_a_machine_type_that_nobody_knows_promises_nothing(tmp_path):
    file = changed(tmp_path, AWS, ("g5.2xlarge", "z9.huge"))
    assert possible_nodes(file) == [{"CPU": 2.0, "GPU": 0.0}]
    asked = {"z9.huge": {"CPU": 1.0}, "m6i.large": {"CPU": 2.0}}
    assert len(possible_nodes(file, asked.get)) == 9


def test_local_machines_are_known_by_what_their_start_commands_lend(tmp_path):
    assert possible_nodes(read_cluster_file(LOCAL)) == []
    start = ("ray start --address", "ray start --num-cpus=8 --num-gpus 2 --address")
    assert possible_nodes(changed(tmp_path, LOCAL, start)) == [{"CPU": 8.0, "GPU": 2.0}] * 2
