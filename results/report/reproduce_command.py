"""The command that trains and attacks the T of one trial again, alone, in a store of its own."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from results.defenses import NO_DEF, read_defense
from results.statistics.summary import SweepSummary
from results.sweeps.settings import SweepSettings


def reproduce_command(
    summary: SweepSummary, settings: SweepSettings, number: int, target: Mapping[str, Any]
) -> str | None:
    """Return the command that repeats one trial in this process, beside the No-Def of the same seed.

    ``target`` is the row of its T, or what is known of one: config, the columns of its defence, control,
    seed. Identities do not depend on the search, so T and the attacks come out as the ones of the sweep.
    ``None`` when the sweep has no command, or when it tries several weights and ``target`` does not say which
    were its own.
    """
    config = _config(target)
    own = _own_assignments(settings, config.get("target", {}))
    if summary.record is None or not summary.record.command or own is None:
        return None
    control = target["control"] or "none"
    defense = config["defense"] if config else _from_columns(target)
    plain = read_defense(target).kind == NO_DEF
    assignments = (
        "search.sampler=grid",
        "defenses=[{kind: no_def}]",
        f"anchors={'[]' if plain else json.dumps([defense])}",
        *own,
        f"control.kinds={'[]' if control == 'none' else f'[{control}]'}",
        "confirmation.further_seeds=0",
    )
    options = [word for assignment in assignments for word in ("--set", assignment)]
    options += ["--trials", "1" if plain else "2", "--seed", str(target["seed"] or 0)]
    options += ["--executor", "inline", "--store", f"runs/trial-{number}"]
    return f"{summary.record.command} {shlex.join(options)}"


def _own_assignments(settings: SweepSettings, target: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return what takes back what the space lists for the architecture of T, but for its weights and recipes.

    Nothing when it lists weights and ``target``, the settings of this T, does not say which were its own.
    """
    architecture = target.get("architecture") or settings.setup.get("target", {}).get("architecture")
    listed = settings.space.get("per_target", {}).get(architecture)
    if not listed:
        return ()
    cleared = f"per_target.{architecture}.anchors=[]"
    if not listed.get("pretrained"):
        return (cleared,)
    if "pretrained" not in target:
        return None
    return (cleared, f"per_target.{architecture}.pretrained={json.dumps([target['pretrained']])}")


def _config(target: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a T as its row keeps it; empty when it cannot be read."""
    try:
        config = dict(json.loads(target["config"] or "{}"))
    except (ValueError, KeyError, TypeError):
        return {}
    return config if "defense" in config else {}


def _from_columns(target: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defence of a row as a space writes it: the fields of all parts beside their kinds."""
    parts = json.loads(target.get("defense_settings") or "[]")
    values = {name: value for part in parts for name, value in part.items() if name != "kind"}
    return {"kind": target.get("defense") or NO_DEF, **values}
