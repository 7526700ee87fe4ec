"""Runs ``tldmi-sweep`` without its report, whose drawing would take a third of the time of these sweeps."""

import sys
from pathlib import Path

from orchestrator.cli import main
from orchestrator.driver import outputs

if __name__ == "__main__":
    outputs.write_outputs = lambda *_: [Path("report.html")]
    main(sys.argv[1:])
