"""What may vary: typed settings of data, targets, defences, attacks and sweeps. No torch, ray or optuna.

Names are imported on first use, so that ``import search_spaces`` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search_spaces.canonical import canonical_json, identity, seed_stream
    from search_spaces.loading import load_setup, load_space
    from search_spaces.pieces import EvaluatorConfig, Piece, PretrainingConfig, PriorConfig, TargetConfig
    from search_spaces.setting_errors import InvalidSpace
    from search_spaces.setups import Setup
    from search_spaces.shipped import setup_names, space_names
    from search_spaces.space import Space
    from search_spaces.sweep import Sweep
    from search_spaces.trial import AttackConfig, Trial

_HOMES = {
    "canonical": ("canonical_json", "identity", "seed_stream"),
    "setting_errors": ("InvalidSpace",),
    "loading": ("load_setup", "load_space"),
    "pieces": ("EvaluatorConfig", "Piece", "PretrainingConfig", "PriorConfig", "TargetConfig"),
    "setups": ("Setup",),
    "shipped": ("setup_names", "space_names"),
    "space": ("Space",),
    "sweep": ("Sweep",),
    "trial": ("AttackConfig", "Trial"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AttackConfig",
    "EvaluatorConfig",
    "InvalidSpace",
    "Piece",
    "PretrainingConfig",
    "PriorConfig",
    "Setup",
    "Space",
    "Sweep",
    "TargetConfig",
    "Trial",
    "canonical_json",
    "identity",
    "load_setup",
    "load_space",
    "seed_stream",
    "setup_names",
    "space_names",
]


def __getattr__(name: str) -> object:
    """Import the module of ``name`` on first use."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'search_spaces' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"search_spaces.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value
