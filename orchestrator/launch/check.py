"""Everything about a cluster file that can be found out without starting anything."""

import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from orchestrator.doctor import Finding
from orchestrator.errors import ExitCode, Unreachable
from orchestrator.launch.cluster_file import ClusterFile, NodeType
from orchestrator.launch.machines import KNOWN, Price
from orchestrator.launch.nodes import Lookup, Resources, node_resources
from orchestrator.launch.ray_commands import TOKEN_FILE, have_token
from orchestrator.launch.ray_schema import ray_refuses
from orchestrator.launch.this_machine import machine_findings
from results import StoreError, StoreMissing, open_store
from results.stores.address import StoreAddress

KNOCK_SECONDS = 3
SSH_PORT = 22


class Cloud(Protocol):
    """Questions to the provider of machines."""

    def has_credentials(self) -> bool:
        """Return whether there are credentials."""

    def resources(self, machine: str) -> dict[str, float] | None:
        """Return what a machine type has, nothing when there is none of that name; may be ``Unreachable``."""

    def price(self, machine: str, spot: bool) -> Price | None:
        """Return what a machine type costs, nothing when unknown; may be ``Unreachable``."""


@dataclass(frozen=True)
class Machine:
    """One kind of node as far as it is known."""

    name: str
    machine: str | None
    spot: bool
    most: int
    resources: dict[str, float]
    usd_per_hour: float | None
    usd_source: str | None


@dataclass(frozen=True)
class ClusterReport:
    """What the check found."""

    file: str
    cluster: str
    findings: tuple[Finding, ...]
    machines: tuple[Machine, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing is broken."""
        return all(finding.state != "broken" for finding in self.findings)

    @property
    def exit_code(self) -> ExitCode:
        """0; 2 for what the file says; 5 when only what is outside of it cannot be reached or used."""
        broken = {finding.group for finding in self.findings if finding.state == "broken"}
        if not broken:
            return ExitCode.DONE
        return ExitCode.UNREACHABLE if broken <= {"account", "store", "hosts"} else ExitCode.INVALID

    def with_findings(self, *more: Finding) -> "ClusterReport":
        """Return the report with ``more`` found."""
        return replace(self, findings=(*self.findings, *more))


def check_cluster(
    file: ClusterFile,
    store_uri: str | None = None,
    cloud: Cloud | None = None,
    usd_per_hour: float | None = None,
) -> ClusterReport:
    """Return what stands between ``file`` and a sweep into ``store_uri``; starts nothing.

    ``cloud`` answers for AWS clusters; ``usd_per_hour`` is the price of workers where it does not.
    """
    findings = [*_file_findings(file)]
    if any(finding.name == "schema" and finding.state == "broken" for finding in findings):
        return ClusterReport(str(file.path), file.name, tuple(findings), ())
    findings += machine_findings(file)
    kinds = file.node_types()
    if cloud is not None:
        findings += _account_findings(file, cloud, kinds)
    if file.is_local and not file.placeholders():  # what was shipped are nobody's addresses
        findings += _host_findings(file)
    if store_uri is not None:
        findings.append(_store_finding(file, store_uri))
    machines = tuple(_machine(kind, cloud, usd_per_hour) for kind in kinds)
    return ClusterReport(str(file.path), file.name, tuple(findings), machines)


def _file_findings(file: ClusterFile) -> Iterator[Finding]:
    refusal = ray_refuses(file)
    yield Finding("schema", "broken" if refusal else "ok", refusal or "Ray accepts the file", "file")
    for line in file.placeholders():
        yield Finding("placeholder", "broken", f"{line} still has the shipped value: set your own", "file")
    if file.uses_tokens:
        text = f"{TOKEN_FILE} is there" if have_token() else f"{TOKEN_FILE} is created by cluster up"
        yield Finding("token", "ok" if have_token() else "missing", text, "file")
    else:
        text = "the nodes serve everybody who can reach their ports: start Ray with RAY_AUTH_MODE=token"
        yield Finding("token", "warning", text, "file")
    if file.is_local and file.config.get("max_workers") != len(file.worker_addresses):
        text = f"max_workers is {file.config.get('max_workers')}, worker_ips has {len(file.worker_addresses)}"
        yield Finding("workers", "broken", f"{text}: give the same number", "file")


def _account_findings(file: ClusterFile, cloud: Cloud, kinds: Sequence[NodeType]) -> Iterator[Finding]:
    if not cloud.has_credentials():
        yield Finding(
            "credentials", "broken", "boto3 finds none: run aws configure, or set AWS_PROFILE", "account"
        )
        return
    yield Finding("credentials", "ok", "found by boto3", "account")
    for kind in kinds:
        yield _machine_finding(kind, cloud)
        node = _node_config(file, kind)
        if "SecurityGroupIds" not in node:
            text = "no SecurityGroupIds: Ray creates a group that allows SSH from everywhere, with keys only"
            yield Finding(f"{kind.name} network", "warning", text, "account")
        if "IamInstanceProfile" not in node:
            text = "no IamInstanceProfile: these machines cannot use a bucket"
            yield Finding(f"{kind.name} profile", "warning", text, "account")


def _machine_finding(kind: NodeType, cloud: Cloud) -> Finding:
    name = f"{kind.name} machine"
    if kind.machine is None:
        return Finding(name, "broken", "no InstanceType", "file")
    try:
        resources = cloud.resources(kind.machine)
    except Unreachable as error:
        return Finding(name, "warning", f"{kind.machine}: could not be looked up: {error}", "account")
    if resources is None:
        return Finding(name, "broken", f"{kind.machine}: AWS has no such machine type here", "file")
    return Finding(
        name, "ok", f"{kind.machine}: {resources['CPU']:g} CPU, {resources['GPU']:g} GPU", "account"
    )


def _node_config(file: ClusterFile, kind: NodeType) -> dict[str, Any]:
    node: dict[str, Any] = file.config["available_node_types"][kind.name].get("node_config") or {}
    return node


def _host_findings(file: ClusterFile) -> list[Finding]:
    key = (file.config.get("auth") or {}).get("ssh_private_key")
    hosts = [str(file.provider.get("head_ip", "")), *file.worker_addresses]
    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = list(pool.map(_answers, hosts))
    findings = [
        Finding(host, "ok" if answers_now else "broken", text, "hosts")
        for host, answers_now in zip(hosts, answers, strict=True)
        for text in ["answers on its SSH port" if answers_now else "does not answer on its SSH port"]
    ]
    if key is not None and not Path(str(key)).expanduser().is_file():
        findings.append(Finding("ssh_private_key", "broken", f"there is no file {key}", "file"))
    return findings


def _answers(host: str) -> bool:
    try:
        socket.create_connection((host, SSH_PORT), timeout=KNOCK_SECONDS).close()
    except OSError:
        return False
    return True


def _store_finding(file: ClusterFile, store_uri: str) -> Finding:
    if not StoreAddress.parse(store_uri).is_bucket:
        state = "broken" if file.is_aws else "warning"
        return Finding(
            "store", state, f"{store_uri} is a folder: every node must see it under this name", "store"
        )
    from results.stores.s3 import S3Store

    try:
        try:
            open_store(store_uri).check_writable()
        except StoreMissing:
            S3Store(store_uri).check_writable()
    except StoreError as error:
        return Finding("store", "broken", str(error), "store")
    return Finding("store", "ok", f"{store_uri} can be read and written from here", "store")


def _machine(kind: NodeType, cloud: Cloud | None, usd_per_hour: float | None) -> Machine:
    price = _price(kind, cloud)
    if price is None and usd_per_hour is not None and not kind.is_head:
        price = Price(usd_per_hour, "--usd-per-hour")
    usd, source = (price.usd_per_hour, price.source) if price else (None, None)
    resources = node_resources(kind, _lookup(cloud))
    return Machine(kind.name, kind.machine, kind.spot, kind.most, resources, usd, source)


def _price(kind: NodeType, cloud: Cloud | None) -> Price | None:
    if cloud is None or kind.machine is None or not cloud.has_credentials():
        return None
    try:
        return cloud.price(kind.machine, kind.spot)
    except Unreachable:
        return None


def _lookup(cloud: Cloud | None) -> Lookup:
    """Return how machine types are looked up: from the provider where it answers, else from what is known."""

    def _resources(machine: str) -> Resources | None:
        if cloud is None or not cloud.has_credentials():
            return KNOWN.get(machine)
        try:
            return cloud.resources(machine)
        except Unreachable:
            return KNOWN.get(machine)

    return _resources
