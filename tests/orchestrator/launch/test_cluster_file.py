"""What is read from a cluster file, and what of it is still to be filled in."""

from pathlib import Path

import pytest

from orchestrator.errors import InvalidRequest
from orchestrator.launch.cluster_file import read_cluster_file

ROOT = Path(__file__).parent.parent.parent.parent
AWS, LOCAL = ROOT / "cluster.yaml", ROOT / "docs" / "cluster" / "on-prem.yaml"


def test_the_aws_file_has_a_head_and_spot_workers():
    file = read_cluster_file(AWS)
    head, gpu = file.node_types()
    assert (file.is_aws, file.is_local, file.uses_tokens, file.region) == (True, False, True, "us-east-1")
    assert (head.is_head, head.most, head.spot, head.machine) == (True, 1, False, "m6i.large")
    assert (gpu.is_head, gpu.most, gpu.spot, gpu.machine) == (False, 8, True, "g5.2xlarge")


def test_the_local_file_lists_its_machines():
    file = read_cluster_file(LOCAL)
    assert (file.is_aws, file.is_local, file.uses_tokens) == (False, True, True)
    assert len(file.worker_addresses) == file.most_workers == 2
    assert file.node_types() == ()


@pytest.mark.parametrize("path", [AWS, LOCAL])
def test_a_shipped_file_says_which_lines_must_be_filled_in(path):
    lines = path.read_text().splitlines()
    left = read_cluster_file(path).placeholders()
    assert len(left) == sum("# CHANGE" in line for line in lines if not line.startswith("#")) >= 2
    for line in left:
        number = int(line.removeprefix("line ").split(":")[0])
        assert "# CHANGE" in lines[number - 1]


def test_a_line_that_is_filled_in_may_keep_its_mark(tmp_path):
    path = tmp_path / "cluster.yaml"
    path.write_text(AWS.read_text().replace("ami-0123456789abcdef0", "ami-0abc").replace("ACCOUNT", "123"))
    left = read_cluster_file(path).placeholders()
    assert not any("ami" in line for line in left)
    assert len(left) == 2, "the names of the two profiles"


def test_a_kind_of_worker_is_never_more_than_all_workers(tmp_path):
    path = tmp_path / "cluster.yaml"
    path.write_text(AWS.read_text().replace("max_workers: 8", "max_workers: 3", 1))
    assert read_cluster_file(path).node_types()[1].most == 3


@pytest.mark.parametrize("text", ["", "- a", "provider: aws", "provider: {", "cluster_name: x"])
def test_what_is_no_cluster_file_is_refused(tmp_path, text):
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=r"cluster\.yaml"):
        read_cluster_file(path)
    with pytest.raises(InvalidRequest, match=r"none\.yaml"):
        read_cluster_file(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("written", "instead", "named"),
    [
        (
            "InstanceMarketOptions: {MarketType: spot}",
            "InstanceMarketOptions: [spot]",
            "MarketOptions of gpu",
        ),
        ("resources: {}\n", "resources: [1]\n", "resources of gpu"),
        ("resources: {}\n", "resources: {GPU: many}\n", "GPU of gpu"),
        ("available_node_types:", "available_node_types:\n  more: 3", "more in the cluster file is 3"),
        ("max_workers: 8  ", "max_workers: many  ", "max_workers"),
    ],
)
def test_a_kind_of_machine_that_cannot_be_understood_is_named(tmp_path, written, instead, named):
    path = tmp_path / "cluster.yaml"
    assert written in AWS.read_text()
    path.write_text(AWS.read_text().replace(written, instead))
    with pytest.raises(InvalidRequest, match=named):
        read_cluster_file(path).node_types()
