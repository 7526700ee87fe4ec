"""The GPUs of this machine that steps may use. Imports neither ray nor torch."""

import os
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path

DEVICES = Path("/dev")
DEVICE_VARIABLE = "TLDMI_SWEEP_DEVICE"
"""Environment variable that names the device of all steps (as ``trainables.step`` reads it)."""
VISIBLE_VARIABLE = "CUDA_VISIBLE_DEVICES"
"""What CUDA and Ray take for the GPUs of a process: their numbers or names; the first unknown one ends it."""


def present_gpus() -> list[str]:
    """Return the names of the NVIDIA devices of this machine, in the order of their numbers."""
    names = (path.name for path in DEVICES.glob("nvidia*"))
    numbers = sorted(int(name.removeprefix("nvidia")) for name in names if name[6:].isdigit())
    return [f"nvidia{number}" for number in numbers]


def usable_gpus(present: int, environment: Mapping[str, str] = os.environ) -> int:
    """Return how many of ``present`` GPUs steps may use.

    None when the device of all steps is the CPU; at most as many as CUDA is told to see.

    >>> usable_gpus(4, {}), usable_gpus(4, {"CUDA_VISIBLE_DEVICES": "2,3"})
    (4, 2)
    >>> usable_gpus(4, {"CUDA_VISIBLE_DEVICES": ""}), usable_gpus(4, {"TLDMI_SWEEP_DEVICE": "cpu"})
    (0, 0)
    """
    if environment.get(DEVICE_VARIABLE) == "cpu":
        return 0
    visible = environment.get(VISIBLE_VARIABLE)
    if visible is None:
        return present
    named = takewhile(_names_a_gpu, (name.strip() for name in visible.split(",")))
    return min(present, len(list(named)))


def _names_a_gpu(name: str) -> bool:
    return name not in ("", "-1", "NoDevFiles")
