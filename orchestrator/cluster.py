"""The Ray cluster of a sweep: started or joined, checked to be able to hold every step, and left clean."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from orchestrator.autoscaling import promised_nodes
from orchestrator.chain import Share, Shares
from orchestrator.errors import InvalidRequest, Unreachable
from orchestrator.executors import ClusterSettings

OBJECT_STORE_BYTES = 100_000_000
"""Enough for configurations and reports, all that passes through Ray; results go to the store."""
CONNECT_SECONDS = 10
AUTO_TARGET_GPUS = 1.0
AUTO_ATTACK_GPUS = 0.5


@dataclass(frozen=True)
class Cluster:
    """A connected cluster: resources of each node, also of those to be started, and the shares of steps."""

    nodes: tuple[dict[str, float], ...]
    shares: Shares

    def slots(self, threads: int) -> int:
        """Return how many trainings fit at once."""
        return sum(_fits(node, Share(threads, self.shares.target_gpus)) for node in self.nodes)


@contextmanager
def connected(settings: ClusterSettings, threads: int, folder: Path) -> Iterator[Cluster]:
    """Connect to the cluster, check it, and disconnect; a cluster of our own keeps its files in ``folder``.

    Raises ``Unreachable`` when there is no cluster, ``InvalidRequest`` when no node can ever hold a step or
    this process is connected already.
    """
    if ray.is_initialized():
        raise InvalidRequest("this process is connected to a Ray cluster already: call ray.shutdown() first")
    try:
        if settings.address == "local":
            _start_local(settings, str(folder))
        else:
            _join(settings.address)
        alive = _alive_nodes()
        promised = [] if settings.address == "local" else promised_nodes(alive)
        yield checked_cluster([*alive, *promised], settings, threads)
    finally:
        ray.shutdown()


def checked_cluster(nodes: Sequence[dict[str, float]], settings: ClusterSettings, threads: int) -> Cluster:
    """Return the cluster of ``nodes``; raises ``InvalidRequest`` when a step fits on none of them.

    Ray itself would leave such a step pending for ever.
    """
    gpus = any(node.get("GPU", 0) >= 1 for node in nodes)
    shares = Shares(
        _share(settings.gpus_per_target, AUTO_TARGET_GPUS if gpus else 0.0),
        _share(settings.gpus_per_attack, AUTO_ATTACK_GPUS if gpus else 0.0),
    )
    for name, share in (("training T", shares.target_gpus), ("an attack", shares.attack_gpus)):
        if not any(_fits(node, Share(threads, share)) for node in nodes):
            raise InvalidRequest(
                f"{name} asks for {threads} CPU(s) and {share:g} GPU(s), but no node has them: "
                f"{_described(nodes)}; ask for less with --gpus-per-target, --gpus-per-attack or --threads, "
                "or give more with --workers"
            )
    return Cluster(tuple(nodes), shares)


def _start_local(settings: ClusterSettings, folder: str) -> None:
    """Start a cluster of our own."""
    # Its workers inherit the environment; a checkout that is not installed is found through it.
    root = str(Path(__file__).resolve().parent.parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    try:
        _init(
            address="local",
            num_cpus=settings.workers,
            object_store_memory=OBJECT_STORE_BYTES,
            _temp_dir=folder,
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise Unreachable(
            f"Ray could not be started here: {error}; free memory and disk, or use --executor inline"
        ) from error


def _join(address: str) -> None:
    try:
        _knock(address)
        _init(address=address)
    except (OSError, RuntimeError, ValueError) as error:
        raise Unreachable(
            f"no Ray cluster at {address!r}: {error}; start one with 'ray start --head', give its address, "
            "or use --address local. For a cluster with tokens set RAY_AUTH_MODE=token"
        ) from error


def _knock(address: str) -> None:
    """Raise ``OSError`` when nothing listens at ``HOST:PORT``; Ray itself would try for minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.removeprefix("ray://"), int(port)), timeout=CONNECT_SECONDS).close()


def _init(**options: Any) -> None:  # noqa: ANN401  (passed on to Ray)
    with _own_sigterm():
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, **options)


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Keep the handler of SIGTERM: Ray's own would end the process without cleaning up."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)


def _alive_nodes() -> list[dict[str, float]]:
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return [dict(node["Resources"]) for node in nodes if node["Alive"]]


def _fits(node: dict[str, float], share: Share) -> int:
    """Return how many times ``share`` fits on ``node``."""
    by_cpu = int(node.get("CPU", 0) // share.cpus)
    return min(by_cpu, int(node.get("GPU", 0) / share.gpus)) if share.gpus else by_cpu


def _share(asked: float | None, automatic: float) -> float:
    return automatic if asked is None else asked


def _described(nodes: Sequence[dict[str, float]]) -> str:
    return ", ".join(f"{node.get('CPU', 0):g} CPU and {node.get('GPU', 0):g} GPU" for node in nodes)
