"""Ray reads its settings when it is imported, which test modules do at their top: settle them before."""

import os

from orchestrator.executors import RAY_SETTINGS

os.environ.setdefault("RAY_AUTH_MODE", "disabled")
for name, value in RAY_SETTINGS.items():
    os.environ.setdefault(name, value)
