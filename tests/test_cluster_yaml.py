"""The cluster files: valid for Ray, and what the AWS one asks of AWS, seen by a stand-in in memory."""

import copy
from pathlib import Path

import boto3
import pytest
import yaml
from moto import mock_aws
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.autoscaler.tags import TAG_RAY_LAUNCH_CONFIG, TAG_RAY_NODE_KIND, TAG_RAY_USER_NODE_TYPE

from orchestrator.execution.resources import TASK_RETRIES

ROOT = Path(__file__).parent.parent
FILES = [ROOT / "cluster.yaml", *sorted((ROOT / "docs" / "cluster").glob("*.yaml"))]
RAY_FILES = [path for path in FILES if "provider:" in path.read_text()]


def read(path):
    return yaml.safe_load(path.read_text())


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))  # Ray writes the key pair it makes into ~/.ssh
    (tmp_path / ".ssh").mkdir()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    prepared = prepare_config(read(ROOT / "cluster.yaml"))
    validate_config(prepared)
    return prepared


@pytest.mark.parametrize("path", RAY_FILES, ids=lambda path: path.name)
def test_ray_accepts_the_file(path):
    validate_config(prepare_config(read(path)))


@pytest.mark.parametrize("path", RAY_FILES, ids=lambda path: path.name)
def test_every_node_asks_for_the_token_and_is_given_it(path):
    file = read(path)
    for side in ("head", "worker"):
        (start,) = (line for line in file[f"{side}_start_ray_commands"] if "ray start" in line)
        assert "RAY_AUTH_MODE=token ray start" in start
        assert f"; RAY_task_oom_retries={TASK_RETRIES} " in start
    assert file["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    assert any("RAY_AUTH_MODE=token" in line for line in file["setup_commands"])


@pytest.mark.parametrize("path", RAY_FILES, ids=lambda path: path.name)
def test_the_dashboard_answers_on_the_head_alone(path):
    (start,) = (line for line in read(path)["head_start_ray_commands"] if "ray start" in line)
    assert "--dashboard-host=127.0.0.1" in start


@pytest.mark.parametrize("path", RAY_FILES, ids=lambda path: path.name)
def test_results_and_environments_are_not_copied_to_the_nodes(path):
    assert {".git/**", ".venv/**", "runs/**"} <= set(read(path)["rsync_exclude"])


def test_the_commented_choices_can_be_uncommented():
    text = (ROOT / "cluster.yaml").read_text()
    filled = text
    for choice in ("SecurityGroupIds", "ssh_private_key"):
        filled = filled.replace(f"# {choice}", choice)
    validate_config(prepare_config(yaml.safe_load(filled)))
    assert yaml.safe_load(filled) != yaml.safe_load(text)


def test_an_idle_cluster_costs_its_head_alone(config):
    assert config["available_node_types"]["gpu"]["min_workers"] == 0
    assert config["available_node_types"]["head"]["node_config"].get("InstanceMarketOptions") is None
    assert config["head_node_type"] == "head"
    assert config["idle_timeout_minutes"] <= 10


@pytest.mark.slow
@mock_aws(config={"iam": {"load_aws_managed_policies": True}})
def test_what_is_launched(config, monkeypatch):
    from ray.autoscaler._private.aws import config as aws_config
    from ray.autoscaler._private.commands import _bootstrap_config
    from ray.autoscaler._private.providers import _get_node_provider

    monkeypatch.setattr(aws_config.time, "sleep", lambda seconds: None)  # it waits for IAM to spread
    region = config["provider"]["region"]
    ec2, iam = (boto3.client(service, region_name=region) for service in ("ec2", "iam"))
    profile = iam.create_instance_profile(InstanceProfileName="sweeps")["InstanceProfile"]["Arn"]
    for node_type in config["available_node_types"].values():
        image = ec2.describe_images()["Images"][0]["ImageId"]
        node_type["node_config"] |= {"ImageId": image, "IamInstanceProfile": {"Arn": profile}}
    ready = _bootstrap_config(copy.deepcopy(config), no_config_cache=True)
    gpu = ready["available_node_types"]["gpu"]
    assert {name: gpu["resources"][name] for name in ("CPU", "GPU")} == {"CPU": 8, "GPU": 1}
    provider = _get_node_provider(ready["provider"], ready["cluster_name"])
    tags = {TAG_RAY_NODE_KIND: "worker", TAG_RAY_USER_NODE_TYPE: "gpu", TAG_RAY_LAUNCH_CONFIG: "x"}
    provider.create_node(gpu["node_config"], tags, 1)
    (reservation,) = ec2.describe_instances()["Reservations"]
    (instance,) = reservation["Instances"]
    assert instance["InstanceType"] == "g5.2xlarge"
    assert instance["InstanceLifecycle"] == "spot"
    assert instance["IamInstanceProfile"]["Arn"] == profile
    assert {"Key": "ray-cluster-name", "Value": "tldmi-sweep"} in instance["Tags"]
