"""The AWS file from `cluster up` to `cluster down` against a stand-in of AWS, with namespaces as instances.

The stand-in (moto) answers on the bridge and hands out the addresses at which the hosts already wait.
``use_internal_ips`` is essential: moto invents public addresses, and Ray would knock at strangers' doors.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import pytest
import yaml

from results import open_store
from tests.hosts.namespaces import Host, Laboratory, laboratory, wait_for_port
from tests.hosts.small_sweep import (
    INSTALL,
    LIMIT,
    ON_HOSTS,
    ROOT,
    TRIALS,
    options,
    outcome,
    start_inline,
    tables,
)

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(900)]

PORT = 5055
REGION = "us-east-1"
FIRST_FREE = 4
"""AWS keeps the first addresses of a subnet for itself, and so does moto."""
CLUSTER = ("tldmi-sweep", "cluster")
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass
class Story:
    """What happened, for the tests to look at."""

    driver_exit: int
    driver_output: str
    running: list[dict]
    launched_key: str
    after: list[str]
    hosts_of_targets: set[str]
    expected: dict[str, list[str]]
    found: dict[str, list[str]]


@contextmanager
def stand_in(lab: Laboratory) -> Iterator[str]:
    """Give the URL of an AWS of our own on the laboratory's bridge."""
    command = [sys.executable, "-m", "tests.hosts.small_aws", "-H", lab.gateway, "-p", str(PORT)]
    with (lab.folder / "moto.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_for_port(lab.gateway, PORT)
        yield f"http://{lab.gateway}:{PORT}"
    finally:
        server.kill()
        server.wait()


def client(service: str, url: str):
    """Return a client of the stand-in."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client(service, endpoint_url=url, region_name=REGION, **keys)


def account(url: str, lab: Laboratory) -> dict[str, str]:
    """Set the account up as docs/cluster.md says, and return what the file needs of it."""
    ec2, iam = client("ec2", url), client("iam", url)
    client("s3", url).create_bucket(Bucket="sweeps")
    network = f"{lab.network}.0/24"
    vpc = ec2.create_vpc(CidrBlock=network)["Vpc"]["VpcId"]
    zone = {"AvailabilityZone": f"{REGION}a"}
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=network, **zone)["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="sweeps", Description="sweeps", VpcId=vpc)["GroupId"]
    ec2.import_key_pair(KeyName="desk", PublicKeyMaterial=(lab.folder / "key.pub").read_bytes())
    profile = iam.create_instance_profile(InstanceProfileName="sweeps")["InstanceProfile"]["Arn"]
    trust = '{"Version": "2012-10-17", "Statement": []}'
    iam.create_role(RoleName="sweeps", AssumeRolePolicyDocument=trust)
    iam.add_role_to_instance_profile(InstanceProfileName="sweeps", RoleName="sweeps")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    return {"subnet": subnet, "group": group, "profile": profile, "image": image}


def filled_in(lab: Laboratory, url: str, own: dict[str, str]) -> str:
    """Return the shipped file with its CHANGE lines filled in, for one worker at most."""
    config = yaml.safe_load((ROOT / "cluster.yaml").read_text())
    config["provider"] |= {"region": REGION, "availability_zone": f"{REGION}a", "use_internal_ips": True}
    config["auth"] = {"ssh_user": "root", "ssh_private_key": str(lab.key)}
    config["max_workers"] = 1
    for kind in config["available_node_types"].values():
        kind["max_workers"] = min(kind["max_workers"], 1)
        kind["node_config"] |= {
            "ImageId": own["image"],
            "KeyName": "desk",
            "SubnetIds": [own["subnet"]],
            "SecurityGroupIds": [own["group"]],
            "IamInstanceProfile": {"Arn": own["profile"]},
        }
    config["file_mounts"][ON_HOSTS] = str(ROOT)
    config["initialization_commands"] = []
    config["setup_commands"][0] = f"{INSTALL} && {_exports({**CREDENTIALS, 'AWS_ENDPOINT_URL': url})}"
    return yaml.safe_dump(config)


def _exports(variables: dict[str, str]) -> str:
    """Return a command that gives every login these variables, in place of what an instance profile gives."""
    words = " ".join(f"{name}={value}" for name, value in variables.items())
    return f"(grep -q AWS_ENDPOINT_URL ~/.bashrc || echo 'export {words}' >> ~/.bashrc)"


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Run the whole of it once."""
    inline = tmp_path_factory.mktemp("inline") / "store"
    with laboratory() as lab, stand_in(lab) as url, pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        desk = lab.add("desk", 2)
        lab.add("head", FIRST_FREE)
        lab.add("worker", FIRST_FREE + 1)
        (desk.home / ".ssh").mkdir()
        (desk.home / "cluster.yaml").write_text(filled_in(lab, url, account(url, lab)))
        twin = start_inline(inline)
        try:
            return _story(lab, desk, url, twin, inline)
        finally:
            twin.kill()


def _story(lab: Laboratory, desk: Host, url: str, twin, inline) -> Story:
    variables = {**CREDENTIALS, "AWS_ENDPOINT_URL": url}
    log = lab.folder / "driver.log"
    desk.run(*CLUSTER, "up", "--yes", "cluster.yaml", variables=variables)
    submit = (*CLUSTER, "submit", "cluster.yaml", *options("s3://sweeps/tiny"))
    driver = desk.start(*submit, output=log, variables=variables)
    exit_code = driver.wait(timeout=LIMIT)
    running = instances(url)
    desk.run(*CLUSTER, "down", "--yes", "cluster.yaml", variables=variables)
    after = [one["State"]["Name"] for one in instances(url)]
    _, errors = twin.communicate(timeout=LIMIT)
    assert twin.returncode == 0, errors
    store = f"s3://sweeps/tiny?endpoint={url}"
    exit_code, output = exit_code, log.read_text(errors="replace")
    at = set(open_store(store).read_rows("targets")["host"].to_pylist()) if exit_code == 0 else set()
    found = tables(store) if exit_code == 0 else {}
    key = running[0].get("KeyName", "")
    return Story(exit_code, output, running, key, after, at, tables(str(inline)), found)


def instances(url: str) -> list[dict]:
    """Return the instances of the stand-in in the order of their launch."""
    reservations = client("ec2", url).describe_instances()["Reservations"]
    return [one for reservation in reservations for one in reservation["Instances"]]


def tags(instance: dict) -> dict[str, str]:
    """Return the tags of an instance."""
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def test_the_sweep_ends_complete_in_the_bucket(story):
    assert story.driver_exit == 0, story.driver_output[-3000:]
    said = outcome(story.driver_output)
    assert (said["done"], said["failed"]) == (TRIALS, 0)
    assert story.found == story.expected


def test_a_worker_came_for_the_steps_and_they_ran_on_it(story):
    assert len(story.running) == 2
    assert story.hosts_of_targets == {"worker"}


def test_head_and_worker_are_the_machines_that_the_file_asks_for(story):
    head, worker = story.running
    assert (head["InstanceType"], worker["InstanceType"]) == ("m6i.large", "g5.2xlarge")
    assert "InstanceLifecycle" not in head
    assert worker["InstanceLifecycle"] == "spot"
    assert story.launched_key == "desk"


def test_machines_are_tagged_with_their_cluster_and_their_part_in_it(story):
    head, worker = map(tags, story.running)
    assert head["ray-cluster-name"] == worker["ray-cluster-name"] == "tldmi-sweep"
    assert (head["ray-node-type"], worker["ray-node-type"]) == ("head", "worker")
    assert worker["ray-user-node-type"] == "gpu"


def test_cluster_down_ends_every_machine(story):
    assert story.after == ["terminated", "terminated"]
