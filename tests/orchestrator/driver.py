"""Runs ``tldmi-sweep`` with fake steps: a driver for tests that need one as a process of its own.

    python -m tests.orchestrator.driver STEPS WORDS...

``STEPS`` names an attribute of ``tests.orchestrator.fake_steps``. The wall time of a step is
``FAKE_STEP_SECONDS``.
"""

import sys
from pathlib import Path

from orchestrator.cli import main
from orchestrator.driver import outputs, sweep
from tests.orchestrator import fake_steps

if __name__ == "__main__":
    steps = getattr(fake_steps, sys.argv[1])
    sweep.Steps = lambda: steps
    outputs.write_outputs = lambda *_: [Path("report.html")]  # drawing takes longer than the sweep
    main(sys.argv[2:])
