"""Freed memory is kept: repeated work stops asking the kernel for fresh pages."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, torch
from trainables.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def work():
    a = [torch.ones(10_000_000) for _ in range(2)]
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(mode: str) -> int:
    command = [sys.executable, "-c", PROGRAM, mode]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
def test_repeated_work_causes_fewer_page_faults() -> None:
    assert page_faults("keep") < 0.7 * page_faults("default")
