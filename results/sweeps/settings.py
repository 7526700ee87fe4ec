"""The settings that a sweep was started with and its runs, as plain values from the store."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from results.errors import StoreError
from results.stores.store import Store

Plain = Mapping[str, Any]


@dataclass(frozen=True)
class SweepSettings:
    """What is kept beside the rows of a sweep; empty where nothing was kept."""

    space: Plain = field(default_factory=dict)
    setup: Plain = field(default_factory=dict)
    runs: tuple[Plain, ...] = ()
    """Provenance of each run of the sweep, the first one first."""


def settings_path(sweep_id: str) -> str:
    """Return where in a store the settings of a sweep are.

    >>> settings_path("3f2a")
    'settings/3f2a.json'
    """
    return f"settings/{sweep_id}.json"


def weights_text(pretrained: str | Mapping[str, Any] | None) -> str | None:
    """Return what plain settings say T starts from as one text: a name, or the path of a file.

    >>> weights_text({"path": "/a/t.safetensors", "sha256": "ab"}), weights_text("face_resnet")
    ('/a/t.safetensors', 'face_resnet')
    >>> weights_text({"name": "other persons", "epochs": 4})
    'other persons'
    """
    if not isinstance(pretrained, Mapping):
        return pretrained
    return str(pretrained["path"] if "path" in pretrained else pretrained.get("name", "not recorded"))


def kept_settings(store: Store, sweep_id: str | None) -> SweepSettings:
    """Return the settings of a sweep; empty ones when there are none or they cannot be read."""
    if sweep_id is None:
        return SweepSettings()
    try:
        plain = json.loads(store.get_bytes(settings_path(sweep_id)))
        sweep = plain["sweep"]
        runs = tuple(run for run in plain.get("runs", ()) if isinstance(run, dict))
        return SweepSettings(dict(sweep["space"]), dict(sweep["setup"]), runs)
    except (StoreError, OSError, ValueError, KeyError, TypeError, AttributeError):
        # They only explain the rows: without them a report says less but stays right.
        return SweepSettings()
