"""The command that trains and attacks the T of one trial again, alone, in a store of its own."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from results.statistics.configurations import Run
from results.statistics.summary import SweepSummary
from results.sweeps.settings import SweepSettings

_FIELDS = (
    "freeze_depth",
    "frozen_bn",
    "lambda_x",
    "lambda_y",
    "lambda_mid",
    "prediction",
)


def rerun_command(summary: SweepSummary, settings: SweepSettings, run: Run) -> str | None:
    """Return the command that repeats one trial in this process, beside the No-Def of the same seed.

    Identities do not depend on the search, so T and the attacks come out as the ones of the sweep. Nothing
    when the sweep has no command, or lists several targets that one command cannot tell apart.
    """
    if summary.record is None or not summary.record.command or settings.space.get("per_target"):
        return None
    control = run.target["control"] or "none"
    defense = _defense(run.target)
    plain = defense["kind"] == "no_def"
    assignments = (
        "search.sampler=grid",
        "defenses=[{kind: no_def}]",
        f"anchors={'[]' if plain else json.dumps([defense])}",
        f"control.kinds={'[]' if control == 'none' else f'[{control}]'}",
        "confirmation.further_seeds=0",
    )
    options = [word for assignment in assignments for word in ("--set", assignment)]
    options += ["--trials", "1" if plain else "2", "--seed", str(run.seed)]
    options += ["--executor", "inline", "--store", f"runs/trial-{run.number}"]
    return f"{summary.record.command} {shlex.join(options)}"


def _defense(target: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the defence of a T: from its configuration, else from the columns."""
    try:
        defense = json.loads(target["config"] or "{}")["defense"]
        return dict(defense)
    except (ValueError, KeyError, TypeError):
        known = {name: target[name] for name in _FIELDS if target.get(name) is not None}
        return {"kind": target["defense"] or "no_def", **known}
