"""The nodes that a cluster file can come to, as far as it or the machine types say what they have."""

import re
from collections.abc import Callable, Mapping

from orchestrator.launch.cluster_file import ClusterFile, NodeType
from orchestrator.launch.machines import KNOWN

Resources = Mapping[str, float]
Lookup = Callable[[str], Resources | None]
"""Machine type -> what it has, ``None`` when it is not known."""


def possible_nodes(file: ClusterFile, lookup: Lookup = KNOWN.get) -> list[dict[str, float]]:
    """Return CPUs and GPUs of every node that may run at once, without those of which nothing is known."""
    if file.is_local:
        return _local_nodes(file)
    nodes: list[dict[str, float]] = []
    workers: list[dict[str, float]] = []
    for kind in file.node_types():
        resources = node_resources(kind, lookup)
        if resources and kind.is_head:
            nodes.append(resources)
        elif resources:
            workers += [resources] * min(kind.most, file.most_workers - len(workers))
    return [*nodes, *workers]


def node_resources(kind: NodeType, lookup: Lookup = KNOWN.get) -> dict[str, float]:
    """Return CPUs and GPUs of one kind of node: what the file says, else what its machine type has."""
    looked_up = (lookup(kind.machine) if kind.machine else None) or {}
    merged = {**looked_up, **kind.resources}
    return {name: merged[name] for name in ("CPU", "GPU") if name in merged}


def _local_nodes(file: ClusterFile) -> list[dict[str, float]]:
    """Return the machines whose start commands say what they lend; Ray finds the others out by itself."""
    head, worker = (_lent(file, side) for side in ("head", "worker"))
    return [*([head] if head else []), *([worker] if worker else []) * len(file.worker_addresses)]


def _lent(file: ClusterFile, side: str) -> dict[str, float]:
    text = " ".join(str(line) for line in file.config.get(f"{side}_start_ray_commands") or ())
    matches = {name: re.search(rf"--num-{name.lower()}s[= ](\d+)", text) for name in ("CPU", "GPU")}
    return {name: float(match[1]) for name, match in matches.items() if match}
