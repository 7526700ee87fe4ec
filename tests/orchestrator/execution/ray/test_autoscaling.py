"""What an autoscaling cluster promises counts as room; what it cannot promise does not."""

from pathlib import Path

import pytest
import yaml

from orchestrator.errors import InvalidRequest
from orchestrator.execution.ray.autoscaling import promised_nodes
from orchestrator.execution.resources import ClusterSettings, fit_steps

HEAD = {"CPU": 2.0}
CONFIG = {
    "max_workers": 3,
    "head_node_type": "head",
    "available_node_types": {
        "head": {"resources": {"CPU": 2}, "max_workers": 0},
        "gpu_spot": {"resources": {"CPU": 8, "GPU": 1, "memory": 1}, "min_workers": 0, "max_workers": 2},
        "gpu": {"resources": {"CPU": 8, "GPU": 1}, "max_workers": 4},
    },
}


@pytest.fixture
def bootstrap(tmp_path):
    path = tmp_path / "ray_bootstrap_config.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path


def test_workers_that_may_still_start_are_promised(bootstrap):
    assert promised_nodes([HEAD], bootstrap) == [{"CPU": 8.0, "GPU": 1.0}] * 3


def test_those_that_run_are_not_promised_again(bootstrap):
    running = [HEAD, {"CPU": 8.0, "GPU": 1.0}, {"CPU": 8.0, "GPU": 1.0}]
    assert len(promised_nodes(running, bootstrap)) == 1
    assert promised_nodes([*running, {"CPU": 8.0, "GPU": 1.0}], bootstrap) == []


@pytest.mark.parametrize("text", ["", "[1]", "{", "available_node_types: 3"])
def test_a_file_that_is_no_cluster_promises_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bootstrap.yaml"
    path.write_text(text)
    assert promised_nodes([HEAD], path) == []
    assert promised_nodes([HEAD], tmp_path / "none.yaml") == []


def test_a_head_without_gpu_trains_on_the_gpus_that_will_come(bootstrap):
    nodes = [HEAD, *promised_nodes([HEAD], bootstrap)]
    cluster = fit_steps(nodes, ClusterSettings(address="auto"), threads=1)
    assert cluster.shares.training == 1.0
    assert cluster.training_slots(1) == 3


def test_more_than_any_node_will_ever_have_is_refused(bootstrap):
    nodes = [HEAD, *promised_nodes([HEAD], bootstrap)]
    with pytest.raises(InvalidRequest, match="2 GPU"):
        fit_steps(nodes, ClusterSettings(address="auto", gpus_per_target=2.0), threads=1)
