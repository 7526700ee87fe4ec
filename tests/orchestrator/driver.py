"""Runs ``tldmi-sweep`` with fake steps: a driver for tests that need one as a process of its own.

    python -m tests.orchestrator.driver STEPS WORDS...

``STEPS`` names an attribute of ``tests.orchestrator.fake_steps``. The wall time of a step is
``FAKE_STEP_SECONDS``, a claim is renewed and expires after the seconds of ``FAKE_CLAIM``, and the machine is
``FAKE_MACHINE``, with a temporary folder of its own.
"""

import os
import sys
import tempfile
from pathlib import Path

from orchestrator import locks
from orchestrator.cli import main
from orchestrator.driver import outputs
from results.stores.claims import Claim
from tests.orchestrator import fake_steps

if __name__ == "__main__":
    if "FAKE_CLAIM" in os.environ:
        Claim.__init__.__defaults__ = tuple(map(float, os.environ["FAKE_CLAIM"].split()))
    if machine := os.environ.get("FAKE_MACHINE"):
        locks._machine = lambda: machine
        tempfile.tempdir = str(Path(machine).absolute())  # where a machine keeps its own locks
        Path(machine).mkdir(exist_ok=True)
    outputs.write_outputs = lambda *_: [Path("report.html")]  # drawing takes longer than the sweep
    main(sys.argv[2:], obj=getattr(fake_steps, sys.argv[1]))
