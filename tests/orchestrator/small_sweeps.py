"""Sweeps small enough for tests: no work is done on them, their configurations only need identities."""

from typing import Any

from search_spaces import Space, Sweep, load_setup

DEFENSES = [
    {"kind": "no_def"},
    {"kind": "bido_hsic", "lambda_x": {"log_uniform": [0.01, 0.2]}, "lambda_y_ratio": {"uniform": [5, 50]}},
    {"kind": "tl_dmi", "freeze_depth": "all"},
    {
        "kind": "tl_dmi+bido_hsic",
        "freeze_depth": {"choice": [2, 4]},
        "lambda_x": {"choice": [0.05, 0.1]},
        "lambda_y_ratio": {"uniform": [5, 10]},
    },
]
ATTACKS = [{"kind": "gmi", "iterations": 5}, {"kind": "brepmi", "iterations": 5}]


def small_space(**changes: Any) -> Space:
    """Return a space of every defence, with ``changes`` to its fields."""
    plain = {
        "name": "small",
        "description": "for tests",
        "defenses": DEFENSES,
        "attacks": ATTACKS,
        "search": {"trials": 6, "round_size": 2, "startup_trials": 2},
        "confirmation": {"further_seeds": 1, "at_most": 2},
        "control": {"kinds": ["permuted_labels"]},
    }
    return Space.model_validate({**plain, **changes})


def small_sweep(**changes: Any) -> Sweep:
    """Return ``small_space`` on the photographs."""
    return Sweep(space=small_space(**changes), setup=load_setup("orl_faces"))
