"""The conclusions that the numbers of a sweep support, in a few sentences."""

from collections.abc import Sequence
from typing import NamedTuple

from results.formatting import (
    delta_text,
    difference_interval,
    difference_text,
    format_count,
    format_points,
    interval_text,
    join_words,
    percent,
)
from results.statistics.configurations import Configuration
from results.statistics.intervals import Difference
from results.statistics.summary import SweepSummary

MOST_NAMED = 4
"""Further defences that lowered AttAcc, named in a sentence; the table marks all by their difference."""


MORE_TRAINING = (
    "Give more pictures of each class, or a longer training: --set target.least_steps=1000, or more "
    "target.epochs."
)


class Verdict(NamedTuple):
    """The main finding, and what supports it."""

    headline: str
    details: tuple[str, ...] = ()


def verdict(summary: SweepSummary) -> Verdict:
    """Return the verdict on a sweep: how many defences lowered the worst AttAcc of No-Def, and at what cost.

    A defence counts as lowering it when the 95 % interval of the paired difference lies below zero.
    """
    anchor = summary.no_def
    if not summary.configurations:
        return Verdict("No verdict yet: no configuration has finished.")
    if not summary.attack_kinds and summary.finished:
        return Verdict(
            "This sweep runs no attack: it only measures what each defence costs in accuracy and time."
        )
    if anchor is None or anchor.worst_att_acc is None:
        return Verdict("No verdict yet: every defence is compared with No-Def, and No-Def has not finished.")
    if anchor.unfit:
        return Verdict(
            f"No verdict: the classifier without a defence does not work, so there is nothing to compare "
            f"with. {anchor.unfit}.",
            (MORE_TRAINING,),
        )
    compared = [configuration for configuration in summary.defended if configuration.difference is not None]
    unfit = [configuration for configuration in summary.defended if configuration.unfit]
    if unfit and len(unfit) == len(summary.defended):
        return Verdict(
            "No verdict: no classifier with a defence works, so none can be compared with No-Def.",
            (_anchor_text(anchor), MORE_TRAINING),
        )
    if not compared:
        return Verdict("No verdict yet: only No-Def has finished.", (_anchor_text(anchor),))
    if _at_chance(summary, anchor):
        return Verdict(
            f"The attacks do no better than chance ({percent(_chance(summary))} %) on No-Def itself: no "
            "leak could be shown, so nothing can be said about the defences.",
            (_anchor_text(anchor),),
        )
    lowered = lowering(summary)
    return _success(anchor, lowered, len(compared)) if lowered else _no_success(anchor, compared)


def lowering(summary: SweepSummary) -> list[Configuration]:
    """Return the configurations that lowered the worst AttAcc of No-Def, the largest drop first.

    The list is empty where No-Def itself is at chance: then there is no leak to lower.
    """
    anchor = summary.no_def
    if anchor is None or anchor.worst_att_acc is None or _at_chance(summary, anchor):
        return []
    lowered = [
        configuration
        for configuration in summary.defended
        if configuration.difference is not None and configuration.difference.lower
    ]
    return sorted(lowered, key=_drop)


def _chance(summary: SweepSummary) -> float | None:
    return next((row["chance"] for row in summary.attacks if row["chance"] is not None), None)


def _at_chance(summary: SweepSummary, anchor: Configuration) -> bool:
    chance = _chance(summary)
    return chance is not None and anchor.worst_interval is not None and anchor.worst_interval[0] <= chance


def _anchor_text(anchor: Configuration) -> str:
    interval = f" (95 % interval {interval_text(anchor.worst_interval)})" if anchor.worst_interval else ""
    return (
        f"Without a defence, the evaluator recognises the person in {percent(anchor.worst_att_acc)} % of the "
        f"reconstructions of the worst attack{interval}."
    )


def _drop(configuration: Configuration) -> float:
    return configuration.difference.value if configuration.difference else 0.0


def _no_success(anchor: Configuration, compared: Sequence[Configuration]) -> Verdict:
    best = min(compared, key=_drop)
    reference = f"the worst attack accuracy of No-Def ({percent(anchor.worst_att_acc)} %)"
    opening = f"On this data no defence lowered {reference}"
    if _drop(best) >= 0:
        return Verdict(f"{opening}: {_all(len(compared))} are at or above it.")
    detail = f"The largest drop is that of {best.label}: {_evidence(anchor, best)}."
    return Verdict(f"{opening} by more than the choice of classes explains.", (detail,))


def _all(compared: int) -> str:
    return "the one defended configuration" if compared == 1 else f"all {compared} defended configurations"


def _success(anchor: Configuration, lowered: Sequence[Configuration], compared: int) -> Verdict:
    best = lowered[0]
    cheapest = max(lowered, key=lambda one: (one.acc, -_drop(one)))
    share = f"{len(lowered)} of {format_count(compared, 'defended configuration')}"
    reference = f"the worst attack accuracy of No-Def ({percent(anchor.worst_att_acc)} %)"
    headline = f"On this data {share} lowered {reference}."
    details = [f"Largest drop: {best.label}, to {percent(best.worst_att_acc)} %. {_evidence(anchor, best)}."]
    if cheapest is not best:
        reached = percent(cheapest.worst_att_acc)
        details.append(
            f"Smallest loss of accuracy: {cheapest.label}, to {reached} %. {_evidence(anchor, cheapest)}."
        )
    if others := [one.label for one in lowered if one not in (best, cheapest)]:
        named = (
            others
            if len(others) <= MOST_NAMED
            else [*others[: MOST_NAMED - 1], f"{len(others) - MOST_NAMED + 1} more"]
        )
        details.append(f"Also lowered by: {join_words(named)}.")
    return Verdict(headline, tuple(details))


def _evidence(anchor: Configuration, configuration: Configuration) -> str:
    seeds = (
        f"over {len(configuration.seeds)} seeds"
        if len(configuration.seeds) > 1
        else "from one seed, not confirmed"
    )
    return f"{_points(configuration.difference)}, {_cost(anchor, configuration)}, {seeds}"


def _points(difference: Difference | None) -> str:
    if difference is None:
        return "unknown"
    return f"{difference_text(difference)} points (95 % interval {difference_interval(difference)})"


def _cost(anchor: Configuration, configuration: Configuration) -> str:
    paid = anchor.acc - configuration.acc
    if configuration.delta is None or paid <= 0:
        return "without loss of natural accuracy"
    points, delta = format_points(paid, plus=""), delta_text(configuration.delta)
    return f"with a loss of {points} points of natural accuracy (Δ {delta})"
