"""What steps ask of machines, what the nodes of a cluster have, and whether steps fit. Imports no ray."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.errors import InvalidRequest
from orchestrator.execution.gpus import present_gpus, usable_gpus
from search_spaces.pieces import Work

AUTO_GPUS: Mapping[Work, float] = {"training": 1.0, "attack": 0.5}
"""GPU shares where a cluster has GPUs and the user names none."""
WORK_NAMES: Mapping[Work, str] = {"training": "training T", "attack": "an attack"}
TASK_RETRIES = 3
"""Times a step starts again whose worker or node was lost, or that Ray ended since its node lacked memory;
steps are idempotent."""
Node = Mapping[str, float]
"""Resource -> amount that one node has."""


@dataclass(frozen=True)
class ResourceRequest:
    """What one step takes of a machine."""

    cpus: int = 1
    gpus: float = 0.0


@dataclass(frozen=True)
class GpuShares:
    """GPU share of each kind of work; the CPUs of a step are its threads."""

    training: float = 0.0
    attack: float = 0.0

    def request(self, work: Work, threads: int) -> ResourceRequest:
        """Return what a step of this work asks for."""
        return ResourceRequest(threads, self.training if work == "training" else self.attack)


@dataclass(frozen=True)
class ClusterSettings:
    """Which Ray cluster to use and what a step takes of it."""

    address: str = "local"
    """``local``: one of our own on this machine; ``auto``: the one of this machine; else its address."""
    workers: int | None = None
    """CPUs of a local cluster; ``None``: those of the machine."""
    gpus_per_target: float | None = None
    """GPU share of training T and of every piece that is no attack; ``None``: 1 where the cluster has a GPU,
    else 0."""
    gpus_per_attack: float | None = None
    """GPU share of an attack; ``None``: 0.5 where the cluster has a GPU, else 0."""


@dataclass(frozen=True)
class ClusterResources:
    """Resources of each node, also of those to be started, and the GPU shares of steps."""

    nodes: tuple[Node, ...]
    shares: GpuShares

    @property
    def best_node(self) -> Node:
        """The node with the most GPUs, and of those the one with the most CPUs."""
        return max(self.nodes, key=lambda node: (node.get("GPU", 0.0), node.get("CPU", 0.0)))

    def training_slots(self, threads: int) -> int:
        """Return how many trainings fit at once."""
        return sum(_count_fitting(node, self.shares.request("training", threads)) for node in self.nodes)


def requests_by_name(shares: GpuShares, threads: int) -> dict[str, ResourceRequest]:
    """Return what each kind of work asks for, by its name for people."""
    return {name: shares.request(work, threads) for work, name in WORK_NAMES.items()}


def fit_steps(nodes: Sequence[Node], settings: ClusterSettings, threads: int) -> ClusterResources:
    """Return the resources of ``nodes``; raises ``InvalidRequest`` when a step fits on none of them.

    Ray itself would leave such a step pending for ever.
    """
    gpus = any(node.get("GPU", 0) >= 1 for node in nodes)
    shares = GpuShares(
        _share(settings.gpus_per_target, AUTO_GPUS["training"] if gpus else 0.0),
        _share(settings.gpus_per_attack, AUTO_GPUS["attack"] if gpus else 0.0),
    )
    for name, request in requests_by_name(shares, threads).items():
        if short := missing_resource(request, nodes):
            raise InvalidRequest(
                f"{name} requests {request.cpus} CPU(s) and {request.gpus:g} GPU(s), but no node has them "
                f"({short}): {_describe(nodes)}; lower the request with --gpus-per-target, "
                "--gpus-per-attack or --threads, or raise --workers"
            )
    return ClusterResources(tuple(nodes), shares)


def this_machine(workers: int | None) -> dict[str, float]:
    """Return what a local cluster has: ``workers`` CPUs, or all that this process may use, and its GPUs."""
    gpus = usable_gpus(len(present_gpus()))
    return {"CPU": float(workers or len(os.sched_getaffinity(0))), "GPU": float(gpus)}


def missing_resource(request: ResourceRequest, nodes: Sequence[Node]) -> str | None:
    """Return which resource ``request`` asks too much of, ``None`` when a node can hold it."""
    if any(_count_fitting(node, request) for node in nodes):
        return None
    most = {name: max((node.get(name, 0.0) for node in nodes), default=0.0) for name in ("CPU", "GPU")}
    asked = {"CPU": float(request.cpus), "GPU": request.gpus}
    short = [f"{name}: {most[name]:g} on a node at most" for name in asked if asked[name] > most[name]]
    return "; ".join(short) or "CPU and GPU: not both on one node"


def _count_fitting(node: Node, request: ResourceRequest) -> int:
    """Return how many times ``request`` fits on ``node``."""
    by_cpu = int(node.get("CPU", 0) // request.cpus)
    return min(by_cpu, int(node.get("GPU", 0) / request.gpus)) if request.gpus else by_cpu


def _share(asked: float | None, automatic: float) -> float:
    return automatic if asked is None else asked


def _describe(nodes: Sequence[Node]) -> str:
    kinds = Counter(f"{node.get('CPU', 0):g} CPU and {node.get('GPU', 0):g} GPU" for node in nodes)
    return ", ".join(kind if count == 1 else f"{count} times {kind}" for kind, count in kinds.items())
