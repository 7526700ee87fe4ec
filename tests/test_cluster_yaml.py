"""The cluster file: valid for Ray, and what it asks of AWS, seen by a stand-in in memory."""

import copy
from pathlib import Path

import boto3
import pytest
import yaml
from moto import mock_aws
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.autoscaler.tags import TAG_RAY_LAUNCH_CONFIG, TAG_RAY_NODE_KIND, TAG_RAY_USER_NODE_TYPE

ROOT = Path(__file__).parent.parent


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))  # Ray writes the key pair it makes into ~/.ssh
    (tmp_path / ".ssh").mkdir()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    prepared = prepare_config(yaml.safe_load((ROOT / "cluster.yaml").read_text()))
    validate_config(prepared)
    return prepared


def test_one_instance_profile_line_can_be_uncommented_in_every_node_type():
    text = (ROOT / "cluster.yaml").read_text()
    filled = yaml.safe_load(text.replace("# IamInstanceProfile", "IamInstanceProfile"))
    validate_config(prepare_config(filled))
    profiles = [kind["node_config"]["IamInstanceProfile"] for kind in filled["available_node_types"].values()]
    assert len(profiles) == 3


def test_an_idle_cluster_costs_its_head_alone(config):
    types = config["available_node_types"]
    assert [types[name].get("min_workers", 0) for name in ("gpu_spot", "gpu_on_demand")] == [0, 0]
    assert config["head_node_type"] == "head"
    assert config["idle_timeout_minutes"] <= 10


@pytest.mark.slow
@mock_aws(config={"iam": {"load_aws_managed_policies": True}})
@pytest.mark.parametrize(("kind", "spot"), [("gpu_spot", True), ("gpu_on_demand", False)])
def test_what_is_launched(config, kind, spot, monkeypatch):
    from ray.autoscaler._private.aws import config as aws_config
    from ray.autoscaler._private.aws.node_provider import AWSNodeProvider

    monkeypatch.setattr(aws_config.time, "sleep", lambda seconds: None)  # it waits for IAM to spread
    region = config["provider"]["region"]
    image = boto3.client("ec2", region_name=region).describe_images()["Images"][0]["ImageId"]
    for node_type in config["available_node_types"].values():
        node_type["node_config"]["ImageId"] = image
    ready = AWSNodeProvider.bootstrap_config(copy.deepcopy(config))
    ready = AWSNodeProvider.fillout_available_node_types_resources(ready)
    assert ready["available_node_types"][kind]["resources"] == {
        "CPU": 8,
        "GPU": 1,
        "memory": pytest.approx(2.2e10, rel=0.2),
    } | {
        name: amount
        for name, amount in ready["available_node_types"][kind]["resources"].items()
        if name.startswith("accelerator_type")
    }
    provider = AWSNodeProvider(ready["provider"], ready["cluster_name"])
    tags = {TAG_RAY_NODE_KIND: "worker", TAG_RAY_USER_NODE_TYPE: kind, TAG_RAY_LAUNCH_CONFIG: "x"}
    provider.create_node(ready["available_node_types"][kind]["node_config"], tags, 1)
    (reservation,) = boto3.client("ec2", region_name=region).describe_instances()["Reservations"]
    (instance,) = reservation["Instances"]
    assert instance["InstanceType"] == "g5.2xlarge"
    assert (instance.get("InstanceLifecycle") == "spot") == spot
    assert {"Key": "ray-cluster-name", "Value": "tldmi-sweep"} in instance["Tags"]
