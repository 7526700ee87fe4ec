"""The numbers at the top of a report: the leak of No-Def, the largest drop, the evidence for both."""

from typing import NamedTuple

from results.formatting import UNKNOWN, format_count, interval_text, join_words, percent
from results.report.controls_and_evaluators import chance_of, evaluator_lines
from results.report.page import UNFIT
from results.report.verdict import lowering
from results.statistics.configurations import Configuration
from results.statistics.summary import SweepSummary


class Fact(NamedTuple):
    """A number with its name, its unit, and what stands below it."""

    name: str
    value: str
    unit: str = ""
    notes: tuple[str, ...] = ()


def key_facts(summary: SweepSummary) -> list[Fact]:
    """Return the numbers at the top of a report; none while no configuration has finished."""
    anchor = summary.no_def
    if not summary.configurations:
        return []
    if not summary.attack_kinds:
        return [_accuracy(anchor)]
    return [_attacked("No-Def", anchor, ()), *_largest_drop(summary), *_evidence(summary)]


def _accuracy(anchor: Configuration | None) -> Fact:
    return Fact("No-Def, natural accuracy", percent(anchor.acc) if anchor else UNKNOWN, "%")


def _attacked(name: str, configuration: Configuration | None, notes: tuple[str, ...]) -> Fact:
    if configuration is None or configuration.worst_att_acc is None:
        return Fact(f"{name}, worst attack", UNKNOWN)
    interval = (
        (f"95 % interval {interval_text(configuration.worst_interval)}",)
        if configuration.worst_interval
        else ()
    )
    unfit = (UNFIT,) if configuration.unfit else ()
    below = (*notes, *interval, f"natural accuracy {percent(configuration.acc)} %", *unfit)
    return Fact(f"{name}, worst attack", percent(configuration.worst_att_acc), "%", below)


def _largest_drop(summary: SweepSummary) -> list[Fact]:
    """Return the defence with the largest drop; no fact while no defence can be compared with No-Def.

    None is returned either where No-Def is at chance: a value below chance is random.
    """
    lowered = lowering(summary)
    if lowered:
        return [_attacked("Largest drop", lowered[0], (lowered[0].label,))]
    differences = [one.difference for one in summary.defended if one.difference is not None]
    if not differences or any(one.lower for one in differences):
        return []
    return [
        Fact("Largest drop, worst attack", "none", "", ("no defence is below No-Def beyond its interval",))
    ]


def _evidence(summary: SweepSummary) -> list[Fact]:
    chance = chance_of(summary)
    if not summary.attacks or chance is None:
        return []
    controls = [
        percent(control.worst_att_acc) for control in summary.controls if control.worst_att_acc is not None
    ]
    expected = f"should be at chance, {percent(chance)} %"
    known = (
        Fact("Control attacks", join_words(controls), "%", (expected,))
        if controls
        else Fact("Control attacks", "none", "", ("without controls, chance and leak cannot be told apart",))
    )
    return [known, _rests_on(summary)]


def _rests_on(summary: SweepSummary) -> Fact:
    classes = max(row["attacked_classes"] or 0 for row in summary.attacks)
    seeds = max(len(one.seeds) for one in summary.configurations)
    judges = [
        f"evaluator right on {one.accuracy} % of real pictures"
        for one in evaluator_lines(summary)
        if one.role == "headline" and one.accuracy != UNKNOWN
    ]
    return Fact(
        "Classes attacked", str(classes), "", (f"at most {format_count(seeds, 'training seed')}", *judges)
    )
