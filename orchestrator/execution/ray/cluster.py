"""The Ray cluster of a sweep: started or joined, checked to be able to hold every step, and left clean."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray._private.utils import read_ray_address

from orchestrator.errors import InvalidRequest, Unreachable
from orchestrator.execution.ray.autoscaling import promised_nodes
from orchestrator.execution.ray.health import end_process, end_with_ray
from orchestrator.execution.ray.pending_steps import warn_of_pending
from orchestrator.execution.resources import ClusterResources, ClusterSettings, fit_steps, requests_by_name

OBJECT_STORE_BYTES = 100_000_000
"""Enough for configurations and reports, all that passes through Ray; results go to the store."""
CONNECT_SECONDS = 10


@contextmanager
def connect_cluster(settings: ClusterSettings, threads: int, folder: Path) -> Iterator[ClusterResources]:
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
        cluster = fit_steps([*alive, *promised], settings, threads)
        with (
            warn_of_pending(requests_by_name(cluster.shares, threads), _alive_nodes),
            end_with_ray(end_process),
        ):
            yield cluster
    finally:
        ray.shutdown()


def _start_local(settings: ClusterSettings, folder: str) -> None:
    """Start a cluster of our own."""
    # Its workers inherit the environment; a checkout that is not installed is found through it.
    root = str(Path(__file__).resolve().parent.parent.parent.parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    try:
        _init(
            address="local",
            num_cpus=settings.workers,
            object_store_memory=OBJECT_STORE_BYTES,
            _temp_dir=folder,
        )
    except Exception as error:  # Ray tells of a start that took too long by a plain one
        raise Unreachable(
            f"Ray could not be started here: {error}; free memory and disk, or use --executor inline"
        ) from error


def _join(address: str) -> None:
    meant = _meant(address)
    try:
        _knock(meant)
        _init(address=address)
    except (OSError, RuntimeError, ValueError) as error:
        raise Unreachable(
            f"no Ray cluster at {meant!r}: {error}; start one with 'ray start --head', give its address, "
            "or use --address local. For a cluster with tokens set RAY_AUTH_MODE=token"
        ) from error


def _meant(address: str) -> str:
    """Return the address that ``auto`` stands for, found as Ray finds it; ``auto`` when there is none."""
    if address != "auto":
        return address
    return os.environ.get("RAY_ADDRESS") or read_ray_address() or address


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
