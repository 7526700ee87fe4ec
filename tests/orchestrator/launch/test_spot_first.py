"""Spot first, then on demand, in a stand-in of AWS that has no spot machines to sell."""

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from ray.autoscaler.node_launch_exception import NodeLaunchException
from ray.autoscaler.tags import TAG_RAY_NODE_KIND

from orchestrator.launch.spot_first import SpotFirstProvider

pytestmark = pytest.mark.slow
REGION = "us-east-1"
WORKER = {TAG_RAY_NODE_KIND: "worker", "ray-node-name": "w", "ray-launch-config": "x"}


@pytest.fixture
def aws(monkeypatch):
    """Give the EC2 of an empty account."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("ec2", region_name=REGION)


@pytest.fixture
def provider(monkeypatch):
    """Give a function that makes a provider whose spot requests are refused with the code ``refuse``."""

    def make(most_on_demand, refuse=None):
        section = {"region": REGION, "cache_stopped_nodes": False, "most_on_demand": most_on_demand}
        made = SpotFirstProvider(section, "sweeps")
        buy = made.ec2_fail_fast.create_instances

        def create_instances(**request):
            if refuse and "InstanceMarketOptions" in request:
                raise ClientError({"Error": {"Code": refuse, "Message": "none left"}}, "RunInstances")
            return buy(**{**request, "MinCount": request["MaxCount"]})  # moto starts the fewest, AWS the most

        # Ray gives every provider of a process the same client.
        monkeypatch.setattr(made.ec2_fail_fast, "create_instances", create_instances)
        return made

    return make


def request(aws):
    """Return a launch request for a spot machine."""
    return {
        "ImageId": aws.describe_images()["Images"][0]["ImageId"],
        "InstanceType": "g5.2xlarge",
        "SubnetIds": [subnet["SubnetId"] for subnet in aws.describe_subnets()["Subnets"]][:2],
        "InstanceMarketOptions": {"MarketType": "spot"},
    }


def lifecycles(aws):
    """Return how each running machine was bought."""
    reservations = aws.describe_instances()["Reservations"]
    found = [one for reservation in reservations for one in reservation["Instances"]]
    return [one.get("InstanceLifecycle", "on demand") for one in found]


def test_spot_is_taken_where_it_is_sold(aws, provider):
    provider(most_on_demand=2).create_node(request(aws), WORKER, 2)
    assert lifecycles(aws) == ["spot", "spot"]


@pytest.mark.parametrize("code", ["InsufficientInstanceCapacity", "MaxSpotInstanceCountExceeded"])
def test_without_spot_machines_workers_are_bought_on_demand_up_to_the_limit(aws, provider, code):
    buyer = provider(most_on_demand=2, refuse=code)
    buyer.create_node(request(aws), WORKER, 3)
    assert lifecycles(aws) == ["on demand", "on demand"]
    with pytest.raises(NodeLaunchException, match="none left"):
        buyer.create_node(request(aws), WORKER, 1)
    assert len(lifecycles(aws)) == 2


def test_a_limit_of_nothing_is_spot_or_nothing(aws, provider):
    with pytest.raises(NodeLaunchException):
        provider(most_on_demand=0, refuse="InsufficientInstanceCapacity").create_node(request(aws), WORKER, 1)
    assert lifecycles(aws) == []


def test_a_refusal_for_another_reason_buys_nothing(aws, provider):
    with pytest.raises(NodeLaunchException):
        provider(most_on_demand=2, refuse="UnauthorizedOperation").create_node(request(aws), WORKER, 1)
    assert lifecycles(aws) == []
