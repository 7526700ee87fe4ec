"""The nodes that an autoscaling cluster has not started yet, read from what ``ray up`` left on its head."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

BOOTSTRAP = Path("~/ray_bootstrap_config.yaml")
"""The cluster file as ``ray up`` completed it, resources of each node type included."""


def promised_nodes(
    alive: Sequence[Mapping[str, float]], bootstrap: Path = BOOTSTRAP
) -> list[dict[str, float]]:
    """Return the resources of the workers that the autoscaler may still start, beside those ``alive``.

    Nothing on a cluster without autoscaling, or when the file cannot be understood: only what is there counts
    then. Types are filled up in the order of the file, as far as ``max_workers`` allows.
    """
    config = _read(bootstrap.expanduser())
    types = config.get("available_node_types")
    if not isinstance(types, dict):
        return []
    left = int(config.get("max_workers", 0)) - (len(alive) - 1)
    promised: list[dict[str, float]] = []
    for name, kind in types.items():
        if name != config.get("head_node_type"):
            count = min(int(kind.get("max_workers", 0)), left - len(promised))
            promised += [_resources(kind)] * max(0, count)
    return promised


def made_by_ray_up(bootstrap: Path = BOOTSTRAP) -> bool:
    """Return whether this machine is the head of a cluster with Ray's autoscaler."""
    return bootstrap.expanduser().exists()


def _read(path: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):  # no file: this cluster was not made by `ray up`
        return {}
    return config if isinstance(config, dict) else {}


def _resources(kind: Mapping[str, Any]) -> dict[str, float]:
    given = kind.get("resources") or {}
    return {name: float(given[name]) for name in ("CPU", "GPU") if name in given}
