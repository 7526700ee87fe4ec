"""Which trials of a sweep its front is made of, found from a few columns: what a quick look summarises."""

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import pyarrow as pa

from results.statistics.configurations import known_mean
from results.statistics.fitness import JUDGED, unfit_reason
from results.statistics.pareto import Point, nondominated

_OF_TARGETS = ("target_id", "config_id", "control", "defense", "pretrained", "seed", *JUDGED)
_OF_ATTACKS = ("attack_id", "status", "attack", "att_acc")

Values = dict[str, Any]


class _Run(NamedTuple):
    """One trial that is done: its place among those of its configuration, its target and its attacks."""

    seed: int
    number: int
    target: Values
    attacks: list[Values]


def front_numbers(trials: Sequence[Values], targets: pa.Table, attacks: pa.Table) -> set[int]:
    """Return the numbers of the done trials that make up the front, No-Def's, and one of each D_pretrain.

    ``trials`` are in the order of their numbers. With these alone, a summary has the same front, with the
    same labels and comparisons, as with all.
    """
    groups = _grouped(trials, targets, attacks)
    kinds = {row["attack"] for group in groups.values() for run in group for row in run.attacks}
    defenders = [group for (_, control), group in groups.items() if control == "none"]
    marks = nondominated([_point(group, kinds) for group in defenders])
    chosen = [group for group, mark in zip(defenders, marks, strict=True) if mark]
    chosen += [group for group in defenders if group[0].target["defense"] == "no_def"]
    shown = {group[0].target["pretrained"] for group in chosen}
    others = {group[0].target["pretrained"]: group for group in reversed(groups.values())}
    chosen += [group for pretrained, group in others.items() if pretrained not in shown]
    return {run.number for group in chosen for run in group}


def with_ids(table: pa.Table, name: str, wanted: Collection[str]) -> pa.Table:
    """Return the rows whose column ``name`` holds one of ``wanted``.

    They are slices, since rows of one id lie together; ``Table.take`` would import all of Arrow's functions.
    """
    pieces = [table.slice(0, 0)]
    for is_wanted, run in groupby(enumerate(table[name].to_pylist()), key=lambda one: one[1] in wanted):
        if is_wanted:
            places = [place for place, _ in run]
            pieces.append(table.slice(places[0], len(places)))
    return pa.concat_tables(pieces)


def _grouped(
    trials: Sequence[Values], targets: pa.Table, attacks: pa.Table
) -> dict[tuple[str, str], list[_Run]]:
    """Group done trials by configuration and control; a target proposed twice counts once."""
    known = {row["target_id"]: row for row in targets.select(_OF_TARGETS).to_pylist()}
    attacked = {row["attack_id"]: row for row in attacks.select(_OF_ATTACKS).to_pylist()}
    groups: dict[tuple[str, str], dict[str, _Run]] = defaultdict(dict)
    for trial in trials:
        target = known.get(trial["target_id"] or "")
        if trial["state"] == "done" and target is not None:
            rows = (attacked.get(attack_id) for attack_id in trial["attack_ids"] or ())
            done = [row for row in rows if row is not None and row["status"] == "done"]
            key = (target["config_id"] or target["target_id"], target["control"] or "none")
            run = _Run(target["seed"] or 0, trial["number"], target, done)
            groups[key].setdefault(target["target_id"], run)
    return {key: sorted(group.values(), key=lambda run: run[:2]) for key, group in groups.items()}


def _point(group: Sequence[_Run], kinds: set[str]) -> Point:
    """Return (Acc, worst AttAcc), NaN where not known or where a T is unfit."""
    acc = known_mean(run.target["acc"] for run in group)
    values: dict[str, list[float]] = {kind: [] for kind in kinds}
    for run in group:
        for row in run.attacks:
            values[row["attack"]].append(row["att_acc"])
    means = [known_mean(found) for found in values.values()]
    known = [mean for mean in means if mean is not None]
    complete = known and len(known) == len(means) and not any(unfit_reason(run.target) for run in group)
    return (math.nan if acc is None else acc, max(known) if complete else math.nan)
