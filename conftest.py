"""What holds for all tests.

They compute on the CPU also where there is a GPU; those of tests/gpu say otherwise. The verdict on a commit
depends neither on drawn examples nor on how fast the machine is.
"""

import os

import hypothesis


def pytest_configure() -> None:
    """Name the device of all steps, unless the environment does; draw the same examples each time."""
    os.environ.setdefault("TLDMI_SWEEP_DEVICE", "cpu")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes of two threads wait for each other's cores
    hypothesis.settings.register_profile("patient", deadline=None, derandomize=True)
    hypothesis.settings.load_profile("patient")
