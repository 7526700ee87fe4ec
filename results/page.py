"""The rows of a report's tables, as text: no number is computed here, and no HTML is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.configurations import AttackSummary, Configuration
from results.formatting import (
    count_text,
    counted,
    delta_text,
    difference_interval,
    difference_text,
    interval_text,
    number_text,
    percent,
    seconds_text,
)
from results.labels import attack_name, configuration_heading, control_name
from results.palette import CONTROL, Style, style_of
from results.stats import Difference, Interval
from results.summary import SweepSummary

LEAST_EVALUATOR_ACC = 0.9
"""Below this accuracy on real pictures, what an evaluator says of reconstructions means little."""


@dataclass(frozen=True)
class Cell:
    """A number with its interval below, and what it is sorted by."""

    text: str
    note: str = ""
    value: float | None = None
    bar: tuple[float, float, float] | None = None
    """Low end, value and high end in percent, for a small bar."""


@dataclass(frozen=True)
class Line:
    """A row of a table: whose it is, and its cells."""

    name: str
    note: str
    style: Style
    on_front: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class EvaluatorLine:
    """An evaluator, its role and its accuracy on real private test pictures."""

    name: str
    role: str
    accuracy: str
    weak: bool


@dataclass(frozen=True)
class Seconds:
    """Where the time went: a phase, how often it ran, in all and each."""

    phase: str
    count: int
    total: str
    each: str


def _interval_cell(value: float | None, interval: Interval | None, bar: bool = False) -> Cell:
    drawn = None
    if bar and value is not None and interval is not None:
        drawn = (100 * interval[0], 100 * value, 100 * interval[1])
    return Cell(percent(value), interval_text(interval), value, drawn)


def _difference_cell(difference: Difference | None) -> Cell:
    value = difference.value if difference else None
    return Cell(difference_text(difference), difference_interval(difference), value)


def _style(one: Configuration) -> Style:
    return style_of(one.defense) if one.control == "none" else CONTROL


def configuration_line(one: Configuration) -> Line:
    """Return the row of a configuration in the main table."""
    name, note = configuration_heading(vars(one))
    worst = attack_name(one.worst_attack) if one.worst_attack else ""
    cells = (
        _interval_cell(one.acc, one.acc_range),
        _interval_cell(one.worst_att_acc, one.worst_interval, bar=True),
        Cell(worst),
        _difference_cell(one.difference),
        Cell(delta_text(one.delta), value=one.delta),
        Cell(count_text(one.theta_c), f"of {count_text(one.theta_t)}", one.theta_c),
        Cell(str(len(one.seeds)), value=len(one.seeds)),
        Cell(seconds_text(one.seconds), value=one.seconds),
    )
    return Line(name, note, _style(one), one.on_front, cells)


def attack_lines(configurations: Sequence[Configuration]) -> list[Line]:
    """Return a row per configuration and kind of attack."""
    return [_attack_line(one, summary) for one in configurations for summary in one.attacks.values()]


def _attack_line(one: Configuration, summary: AttackSummary) -> Line:
    name, note = configuration_heading(vars(one))
    cells = (
        Cell(attack_name(summary.attack)),
        _interval_cell(summary.att_acc, summary.interval, bar=True),
        Cell(percent(summary.att_acc_top5), value=summary.att_acc_top5),
        _difference_cell(summary.difference),
        Cell(percent(summary.second_att_acc), value=summary.second_att_acc),
        Cell(number_text(summary.target_confidence), value=summary.target_confidence),
        Cell(number_text(summary.knn_distance), value=summary.knn_distance),
        Cell(seconds_text(summary.attack_seconds), value=summary.attack_seconds),
    )
    return Line(name, note, _style(one), one.on_front, cells)


def control_lines(summary: SweepSummary) -> list[Line]:
    """Return, for each kind of attack, No-Def, each control, and chance."""
    chance = next((row["chance"] for row in summary.attacks if row["chance"] is not None), None)
    sources = [one for one in (summary.no_def, *summary.controls) if one is not None]
    lines = []
    for one in sources:
        name, note = configuration_heading(vars(one))
        cells = [
            _interval_cell(one.attacks[kind].att_acc, one.attacks[kind].interval, bar=True)
            if kind in one.attacks
            else Cell(percent(None))
            for kind in summary.attack_kinds
        ]
        lines.append(Line(name, note, _style(one), False, tuple(cells)))
    chance_cells = tuple(Cell(percent(chance)) for _ in summary.attack_kinds)
    return [*lines, Line("Chance", "1 / classes", CONTROL, False, chance_cells)] if summary.controls else []


def control_warning(summary: SweepSummary) -> str | None:
    """Return a warning when a control lies clearly above chance: then AttAcc overstates what T gave away."""
    chance = next((row["chance"] for row in summary.attacks if row["chance"] is not None), None)
    high = [
        one
        for one in summary.controls
        if one.worst_interval and chance is not None and one.worst_interval[0] > chance
    ]
    if not high:
        return None
    worst = max(high, key=lambda one: one.worst_att_acc or 0.0)
    return (
        f"A T that knows nothing of the persons ({control_name(worst.control)}) still gives "
        f"{percent(worst.worst_att_acc)} %, clearly above chance ({percent(chance)} %). "
        "Part of every attack accuracy here is not due to T."
    )


def evaluator_lines(summary: SweepSummary) -> list[EvaluatorLine]:
    """Return the headline evaluator and the second one, with their accuracy on real pictures."""
    lines = []
    for prefix, role in (("", "headline"), ("second_", "second")):
        found = {
            row[f"{prefix}evaluator"]: row[f"{prefix}evaluator_acc"]
            for row in summary.attacks
            if row[f"{prefix}evaluator"]
        }
        for name, accuracy in sorted(found.items()):
            weak = accuracy is not None and accuracy < LEAST_EVALUATOR_ACC
            lines.append(EvaluatorLine(name, role, percent(accuracy), weak))
    return lines


def evaluator_warning(lines: Sequence[EvaluatorLine]) -> str | None:
    """Return a warning when the headline evaluator does not know the real pictures well enough."""
    weak = [line for line in lines if line.role == "headline" and line.weak]
    if not weak:
        return None
    return (
        f"The headline evaluator {weak[0].name} recognises only {weak[0].accuracy} % of the real "
        f"private test pictures (below {100 * LEAST_EVALUATOR_ACC:.0f} %): do not trust the attack "
        "accuracies on this page as absolute numbers."
    )


def seconds_lines(summary: SweepSummary) -> list[Seconds]:
    """Return how long training, each kind of attack and judging took, summed over all tasks of the sweep."""
    phases = [("Training T", [row["seconds"] for row in summary.targets])]
    for kind in summary.attack_kinds:
        rows = [row for row in summary.attacks if row["attack"] == kind]
        phases.append((f"Attack {attack_name(kind)}", [row["attack_seconds"] for row in rows]))
    phases.append(("Judging", [row["judging_seconds"] for row in summary.attacks]))
    lines = []
    for phase, values in phases:
        known = [value for value in values if value is not None]
        if known:
            total = sum(known)
            lines.append(Seconds(phase, len(known), seconds_text(total), seconds_text(total / len(known))))
    return lines


def progress_text(summary: SweepSummary) -> str:
    """Return how many trials are done, failed and left."""
    done, failed = sum(summary.done.values()), sum(summary.failed.values())
    parts = [f"{counted(done, 'trial')} done"]
    if failed:
        parts.append(f"{failed} failed")
    if summary.left and sum(summary.left.values()):
        parts.append(f"{sum(summary.left.values())} left")
    return ", ".join(parts)
