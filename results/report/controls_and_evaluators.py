"""How far a report's attack accuracies can be trusted: control attacks, and checks of the evaluators."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from results.evaluator_checks import LEAST_ACCURACY, accuracy_warning
from results.formatting import percent
from results.labels import control_name
from results.report.page import Cell, Line, interval_cell, line_of
from results.statistics.configurations import Configuration, known_mean
from results.statistics.summary import SweepSummary


@dataclass(frozen=True)
class EvaluatorLine:
    """An evaluator and what is known of it, as text."""

    name: str
    role: str
    accuracy: str
    """On real private test pictures, in percent."""
    weak: bool
    false_positive: str
    """Share of public pictures that it takes for an attacked class, in percent."""
    deceived: str
    """Share of attacked classes that it takes some public picture for, in percent."""
    att_acc: str
    """Mean over the attacks on No-Def, in percent."""


def control_lines(summary: SweepSummary) -> list[Line]:
    """Return, for each kind of attack, No-Def, each control, and chance."""
    sources = [source for source in (summary.no_def, *summary.controls) if source is not None]
    lines = [_control_line(source, summary.attack_kinds) for source in sources]
    chance_cells = tuple(Cell(percent(chance_of(summary))) for _ in summary.attack_kinds)
    return [*lines, Line("Chance", "1 / classes", False, chance_cells)] if summary.controls else []


def _control_line(configuration: Configuration, kinds: Sequence[str]) -> Line:
    cells = (
        interval_cell(configuration.attacks[kind].att_acc, configuration.attacks[kind].interval, bar=True)
        if kind in configuration.attacks
        else Cell(percent(None))
        for kind in kinds
    )
    return replace(line_of(configuration, tuple(cells)), on_front=False)


def control_warning(summary: SweepSummary) -> str | None:
    """Return a warning when a control is clearly above chance: then AttAcc overstates the leak of T."""
    chance = chance_of(summary)
    high = [
        control
        for control in summary.controls
        if control.worst_interval and chance is not None and control.worst_interval[0] > chance
    ]
    if not high:
        return None
    worst = max(high, key=lambda control: control.worst_att_acc or 0.0)
    return (
        f"On a classifier with no knowledge of the persons ({control_name(worst.control)}), the attacks "
        f"reach {percent(worst.worst_att_acc)} %, clearly above chance ({percent(chance)} %). "
        "Part of every attack accuracy here is not due to the classifier."
    )


def chance_of(summary: SweepSummary) -> float | None:
    """Return 1 / number of private classes; ``None`` before an attack has ended."""
    return next((row["chance"] for row in summary.attacks if row["chance"] is not None), None)


def evaluator_lines(summary: SweepSummary) -> list[EvaluatorLine]:
    """Return the headline evaluator and the second one, with what is known of them."""
    lines = []
    for prefix, role in (("", "headline"), ("second_", "second")):
        names = {row[f"{prefix}evaluator"] for row in summary.attacks if row[f"{prefix}evaluator"]}
        lines += [_evaluator_line(summary, prefix, role, name) for name in sorted(names)]
    return lines


def _evaluator_line(summary: SweepSummary, prefix: str, role: str, name: str) -> EvaluatorLine:
    rows = [row for row in summary.attacks if row[f"{prefix}evaluator"] == name]
    anchor = summary.no_def.attacks.values() if summary.no_def else ()
    seen = known_mean(getattr(attack, f"{prefix}att_acc") for attack in anchor)
    accuracy = _last(row[f"{prefix}evaluator_acc"] for row in rows)
    return EvaluatorLine(
        name=name,
        role=role,
        accuracy=percent(accuracy),
        weak=accuracy is not None and accuracy < LEAST_ACCURACY,
        false_positive=percent(_last(row[f"{prefix}evaluator_false_positive"] for row in rows)),
        deceived=percent(_last(row[f"{prefix}evaluator_deceived_classes"] for row in rows)),
        att_acc=percent(seen),
    )


def _last(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return known[-1] if known else None


def evaluator_warning(summary: SweepSummary) -> str | None:
    """Return a warning when the headline evaluator does not know the real pictures well enough."""
    warnings = (
        accuracy_warning(row["evaluator"], row["evaluator_acc"])
        for row in summary.attacks
        if row["evaluator"]
    )
    weakness = next((warning for warning in warnings if warning), None)
    if weakness is None:
        return None
    return (
        f"The headline evaluator {weakness}. The attack accuracies here are not reliable as absolute numbers."
    )
