"""What every step shares: its device, its threads, and the provenance columns of its row."""

import functools
import json
import os
import platform
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

import torch

from results.installation import git, versions
from trainables.memory import keep_freed_memory

DEVICE_VARIABLE = "TLDMI_SWEEP_DEVICE"
"""Environment variable that names the device of all steps: ``cpu``, ``cuda`` or ``cuda:N``."""

PACKAGES = ("tldmi-sweep", "torch", "numpy", "pyarrow", "safetensors", "pydantic")
"""Packages whose versions are recorded in each row."""


class UnknownDevice(ValueError):
    """The device asked for does not exist here."""


def device() -> torch.device:
    """Return the device of all steps: ``$TLDMI_SWEEP_DEVICE``, else cuda where there is one, else cpu.

    Raises ``UnknownDevice`` when the variable names a device that torch does not have here.
    """
    name = os.environ.get(DEVICE_VARIABLE) or ("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    available = {"cpu": 1, "cuda": torch.cuda.device_count()}.get(kind, 0)
    if not available or (index and not (index.isdigit() and int(index) < available)):
        raise UnknownDevice(
            f"{DEVICE_VARIABLE}={name}: no such device here (cpu, {torch.cuda.device_count()} cuda); "
            "unset it to use the available device"
        )
    return torch.device(name)


def single_threaded(threads: int = 1) -> None:
    """Set the CPU threads of torch (a constant of the configuration) and deterministic algorithms.

    The order of sums depends on the number of threads, so every step calls this first. On a GPU an operation
    without a deterministic kernel warns instead of failing. Fresh memory is not filled with NaN, which torch
    does beside deterministic algorithms to find reads of it: on a GPU a kernel more for each tensor.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    keep_freed_memory()
    torch.set_num_threads(threads)
    # not use_deterministic_algorithms: it also imports the compiler, which costs seconds in every process
    torch.set_deterministic_debug_mode("warn" if device().type == "cuda" else "error")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


class Started(NamedTuple):
    """When a step started, in seconds: ``wall`` of a monotonic clock, ``cpu`` of this process."""

    wall: float
    cpu: float


def started() -> Started:
    """Return the current clocks, to be given to ``provenance`` at the end."""
    return Started(time.perf_counter(), time.process_time())


def provenance(start: Started) -> dict[str, Any]:
    """Return ``results.schema.PROVENANCE_COLUMNS`` with their values for a step begun at ``start``."""
    return {
        "seconds": time.perf_counter() - start.wall,
        "cpu_seconds": time.process_time() - start.cpu,
        "host": platform.node(),
        "device": device_name(),
        "versions": _versions(),
        "git_sha": git("rev-parse", "--verify", "HEAD"),
        "finished_at": datetime.now(UTC),
    }


def device_name() -> str:
    """Return ``cpu`` or the name of the GPU in use."""
    where = device()
    return torch.cuda.get_device_name(where) if where.type == "cuda" else "cpu"


@functools.cache
def _versions() -> str:
    return json.dumps(versions(PACKAGES), sort_keys=True)
