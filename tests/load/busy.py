"""Runs a command on a busy machine: ``python -m tests.load.busy COMMAND ...``, two busy processes a core.

The processes end with the command, with this one however it ends, and after half an hour at the latest.
"""

import multiprocessing
import os
import subprocess
import sys
import time

BUSY_PER_CORE = 2
LONGEST_SECONDS = 1800.0


def busy(parent: int, until: float) -> None:
    """Keep a core busy, with memory that changes too, while ``parent`` lives and time is left."""
    page = bytearray(1 << 20)
    while os.getppid() == parent and time.monotonic() < until:
        for place in range(0, len(page), 64):
            page[place] = (page[place] + 1) % 256


def main(command: list[str]) -> int:
    """Return the exit code of ``command``, run while every core has more than it can do."""
    count = BUSY_PER_CORE * len(os.sched_getaffinity(0))
    until = time.monotonic() + LONGEST_SECONDS
    context = multiprocessing.get_context("spawn")
    load = [context.Process(target=busy, args=(os.getpid(), until), daemon=True) for _ in range(count)]
    for process in load:
        process.start()
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        for process in load:
            process.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
