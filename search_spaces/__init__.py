"""What may vary: typed settings of data, targets, defences, attacks and sweeps. No torch, ray or optuna."""

from search_spaces.canonical import canonical_json, identity, seed_stream
from search_spaces.complaints import InvalidSpace
from search_spaces.loading import load_setup, load_space, setup_names, space_names
from search_spaces.setups import Setup
from search_spaces.space import Space
from search_spaces.sweep import Sweep
from search_spaces.trial import AttackConfig, EvaluatorConfig, GeneratorConfig, TargetConfig, Trial

__all__ = [
    "AttackConfig",
    "EvaluatorConfig",
    "GeneratorConfig",
    "InvalidSpace",
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
