"""Tests compute on the CPU, also where there is a GPU; those of tests/gpu say otherwise."""

import os


def pytest_configure() -> None:
    """Name the device of all steps, unless the environment does."""
    os.environ.setdefault("TLDMI_SWEEP_DEVICE", "cpu")
