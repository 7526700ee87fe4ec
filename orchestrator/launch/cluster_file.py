"""A Ray cluster file as its user wrote it: provider, node types, marks that are left. Imports no ray."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestrator.errors import InvalidRequest

PLACEHOLDER = re.compile(r"ami-0123456789abcdef0|192\.0\.2\.\d+|\b(?:ACCOUNT|BUCKET|HEAD|WORKER|NAME)\b")
"""Values of the shipped files that work for nobody."""
SPOT_FIRST = "orchestrator.launch.spot_first.SpotFirstProvider"
TOKEN_MODE = "RAY_AUTH_MODE=token"  # noqa: S105  (a setting, no secret)


@dataclass(frozen=True)
class NodeType:
    """One kind of machine; of a local cluster, the machines all together."""

    name: str
    is_head: bool
    most: int
    """Machines of this kind at once."""
    machine: str | None
    """The provider's name of it, as ``g5.2xlarge``; nothing on a local cluster."""
    spot: bool
    resources: Mapping[str, float]
    """What the file says; empty where Ray finds it out from the machine type."""


@dataclass(frozen=True)
class ClusterFile:
    """A cluster file that could be read; whether Ray accepts it is another question."""

    path: Path
    text: str
    config: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name of the cluster."""
        return str(self.config.get("cluster_name", "default"))

    @property
    def provider(self) -> Mapping[str, Any]:
        """The provider's section."""
        section = self.config.get("provider")
        return section if isinstance(section, dict) else {}

    @property
    def is_local(self) -> bool:
        """Whether the machines are named in the file instead of bought."""
        return self.provider.get("type") == "local"

    @property
    def is_aws(self) -> bool:
        """Whether the machines are bought from AWS."""
        return self.provider.get("type") == "aws" or self.provider.get("module") == SPOT_FIRST

    @property
    def region(self) -> str:
        """Region of AWS."""
        return str(self.provider.get("region", "us-west-2"))

    @property
    def worker_addresses(self) -> tuple[str, ...]:
        """Workers of a local cluster."""
        return tuple(str(address) for address in self.provider.get("worker_ips", ()) or ())

    @property
    def uses_tokens(self) -> bool:
        """Whether the nodes ask whoever connects for the cluster's token."""
        return all(TOKEN_MODE in line for line in self._start_lines())

    @property
    def most_workers(self) -> int:
        """Workers at once, of all kinds together."""
        return len(self.worker_addresses) if self.is_local else _count(self.config.get("max_workers", 2))

    def node_types(self) -> tuple[NodeType, ...]:
        """Return the kinds of machine, the head's first; none for a local cluster, which lists machines.

        Raises ``InvalidRequest`` for one that cannot be understood.
        """
        kinds = self.config.get("available_node_types")
        if not isinstance(kinds, dict):
            return ()
        head = self.config.get("head_node_type")
        types = [_node_type(name, kind, name == head, self.most_workers) for name, kind in kinds.items()]
        return tuple(sorted(types, key=lambda kind: not kind.is_head))

    def placeholders(self) -> tuple[str, ...]:
        """Return the lines marked CHANGE that still hold what was shipped, each with its number."""
        return tuple(
            f"line {number}: {line.split(' #')[0].strip()}"
            for number, line in enumerate(self.text.splitlines(), start=1)
            if "# CHANGE" in line and PLACEHOLDER.search(line.split(" #")[0])
        )

    def _start_lines(self) -> Iterator[str]:
        for key in ("head_start_ray_commands", "worker_start_ray_commands"):
            lines = [str(line) for line in self.config.get(key) or ()]
            yield next((line for line in lines if "ray start" in line), "")


def read_cluster_file(path: Path) -> ClusterFile:
    """Return the cluster file at ``path``; raises ``InvalidRequest`` when it is no YAML mapping."""
    try:
        text = path.read_text(encoding="utf-8")
        config = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InvalidRequest(f"cluster file {path} cannot be read: {reason}") from error
    if not isinstance(config, dict) or not isinstance(config.get("provider"), dict):
        raise InvalidRequest(
            f"{path} is not a cluster file: it has no section 'provider'; start from cluster.yaml"
        )
    return ClusterFile(path, text, config)


def _count(value: object) -> int:
    if isinstance(value, int):
        return value
    raise InvalidRequest(f"max_workers in the cluster file is {value!r}: give a whole number")


def _section(where: str, value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise InvalidRequest(f"{where} in the cluster file is {value!r}: give keys with values")


def _amount(where: str, value: object) -> float:
    if isinstance(value, int | float):
        return float(value)
    raise InvalidRequest(f"{where} in the cluster file is {value!r}: give a number")


def _node_type(name: str, plain: object, is_head: bool, most_workers: int) -> NodeType:
    kind = _section(name, plain)
    node = _section(f"node_config of {name}", kind.get("node_config"))
    market = _section(f"InstanceMarketOptions of {name}", node.get("InstanceMarketOptions"))
    given = _section(f"resources of {name}", kind.get("resources"))
    return NodeType(
        name=str(name),
        is_head=is_head,
        most=1 if is_head else min(_count(kind.get("max_workers", most_workers)), most_workers),
        machine=node.get("InstanceType"),
        spot=market.get("MarketType") == "spot",
        resources={key: _amount(f"{key} of {name}", amount) for key, amount in given.items()},
    )
