"""Ray reads its settings when it is imported, which test modules do at their top: settle them before."""

from orchestrator.executors import prepare_ray

prepare_ray("local")
