"""``python -m orchestrator`` is the command ``tldmi-sweep``."""

from orchestrator.cli import main

main(prog_name="tldmi-sweep")
