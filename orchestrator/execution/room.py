"""Whether steps fit: what they ask for, and what the nodes of a cluster have. Imports no ray."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.errors import InvalidRequest
from orchestrator.execution.chain import Share, Shares
from orchestrator.execution.executors import ClusterSettings
from orchestrator.execution.gpus import present_gpus, usable_gpus

AUTO_TARGET_GPUS = 1.0
AUTO_ATTACK_GPUS = 0.5
Node = Mapping[str, float]
"""Resource -> amount that one node has."""


@dataclass(frozen=True)
class Cluster:
    """Resources of each node, also of those to be started, and the GPU shares of steps."""

    nodes: tuple[Node, ...]
    shares: Shares

    @property
    def best_node(self) -> Node:
        """The node with the most GPUs, and of those the one with the most CPUs."""
        return max(self.nodes, key=lambda node: (node.get("GPU", 0.0), node.get("CPU", 0.0)))

    def slots(self, threads: int) -> int:
        """Return how many trainings fit at once."""
        return sum(_fits(node, Share(threads, self.shares.target_gpus)) for node in self.nodes)


def requests(shares: Shares, threads: int) -> dict[str, Share]:
    """Return what each kind of step asks for; shared pieces ask for as much as a training."""
    return {"training T": Share(threads, shares.target_gpus), "an attack": Share(threads, shares.attack_gpus)}


def checked_cluster(nodes: Sequence[Node], settings: ClusterSettings, threads: int) -> Cluster:
    """Return the cluster of ``nodes``; raises ``InvalidRequest`` when a step fits on none of them.

    Ray itself would leave such a step pending for ever.
    """
    gpus = any(node.get("GPU", 0) >= 1 for node in nodes)
    shares = Shares(
        _share(settings.gpus_per_target, AUTO_TARGET_GPUS if gpus else 0.0),
        _share(settings.gpus_per_attack, AUTO_ATTACK_GPUS if gpus else 0.0),
    )
    for name, share in requests(shares, threads).items():
        short = lacking(share, nodes)
        if short:
            raise InvalidRequest(
                f"{name} asks for {share.cpus} CPU(s) and {share.gpus:g} GPU(s), but no node has them "
                f"({short}): {_described(nodes)}; ask for less with --gpus-per-target, "
                "--gpus-per-attack or --threads, or give more with --workers"
            )
    return Cluster(tuple(nodes), shares)


def this_machine(workers: int | None) -> dict[str, float]:
    """Return what a local cluster has: ``workers`` CPUs, or all that this process may use, and its GPUs."""
    gpus = usable_gpus(len(present_gpus()))
    return {"CPU": float(workers or len(os.sched_getaffinity(0))), "GPU": float(gpus)}


def _fits(node: Node, share: Share) -> int:
    """Return how many times ``share`` fits on ``node``."""
    by_cpu = int(node.get("CPU", 0) // share.cpus)
    return min(by_cpu, int(node.get("GPU", 0) / share.gpus)) if share.gpus else by_cpu


def lacking(share: Share, nodes: Sequence[Node]) -> str | None:
    """Return which resource ``share`` asks too much of, nothing when a node can hold it."""
    if any(_fits(node, share) for node in nodes):
        return None
    most = {name: max((node.get(name, 0.0) for node in nodes), default=0.0) for name in ("CPU", "GPU")}
    asked = {"CPU": float(share.cpus), "GPU": share.gpus}
    short = [f"{name}: {most[name]:g} on a node at most" for name in asked if asked[name] > most[name]]
    return "; ".join(short) or "CPU and GPU: not both on one node"


def _share(asked: float | None, automatic: float) -> float:
    return automatic if asked is None else asked


def _described(nodes: Sequence[Node]) -> str:
    kinds = Counter(f"{node.get('CPU', 0):g} CPU and {node.get('GPU', 0):g} GPU" for node in nodes)
    return ", ".join(kind if count == 1 else f"{count} times {kind}" for kind, count in kinds.items())
