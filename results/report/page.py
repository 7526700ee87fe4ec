"""The rows of a report's tables, as text: no number is computed here, and no HTML is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.defenses import Defense
from results.formatting import (
    UNKNOWN,
    count_text,
    delta_text,
    difference_interval,
    difference_text,
    format_count,
    interval_text,
    number_text,
    percent,
    seconds_text,
)
from results.labels import control_name, searched_name
from results.statistics.configurations import AttackSummary, Configuration
from results.statistics.intervals import Difference, Interval
from results.statistics.summary import SweepSummary
from results.statistics.training_time import TrainingTime, machines, training_times
from results.sweeps.importance import Importances


@dataclass(frozen=True)
class Cell:
    """A number with its interval below, and what it is sorted by."""

    text: str
    note: str = ""
    value: float | None = None
    bar: tuple[float, float, float] | None = None
    """Low end, value and high end in percent, for a small bar."""


UNFIT = "T unfit: in no verdict"
"""Stands below the name of a configuration whose T says nothing about its defence."""


@dataclass(frozen=True)
class Line:
    """A row of a table: whose it is, and its cells."""

    name: str
    note: str
    on_front: bool
    cells: tuple[Cell, ...]
    key: str = ""
    """config_id of what opens when the name is chosen."""
    family: str = ""


@dataclass(frozen=True)
class Seconds:
    """Where the time went: a phase, how often it ran, in all and each."""

    phase: str
    count: int
    total: str
    each: str


def interval_cell(value: float | None, interval: Interval | None, bar: bool = False) -> Cell:
    """Return the cell of a share with its interval, and a small bar if asked for."""
    drawn = None
    if bar and value is not None and interval is not None:
        drawn = (100 * interval[0], 100 * value, 100 * interval[1])
    return Cell(percent(value), interval_text(interval), value, drawn)


def difference_cell(difference: Difference | None) -> Cell:
    """Return the cell of a difference of shares with its interval."""
    value = difference.value if difference else None
    return Cell(difference_text(difference), difference_interval(difference), value)


def line_of(configuration: Configuration, cells: tuple[Cell, ...]) -> Line:
    """Return a row of a table about a configuration."""
    name, note = (
        ("Control", control_name(configuration.control))
        if configuration.control != "none"
        else configuration.heading
    )
    if configuration.unfit:
        note = f"{note}, {UNFIT}" if note else UNFIT
    return Line(name, note, configuration.on_front, cells, configuration.config_id, _family(configuration))


def _family(configuration: Configuration) -> str:
    return configuration.defense if configuration.control == "none" else ""


def configuration_line(configuration: Configuration) -> Line:
    """Return the row of a configuration in the main table."""
    worst = configuration.attacks[configuration.worst_attack].name if configuration.worst_attack else ""
    cells = (
        interval_cell(configuration.acc, configuration.acc_range),
        interval_cell(configuration.worst_att_acc, configuration.worst_interval, bar=True),
        Cell(worst),
        difference_cell(configuration.difference),
        Cell(delta_text(configuration.delta), value=configuration.delta),
        Cell(
            count_text(configuration.theta_c),
            f"of {count_text(configuration.theta_t)}",
            configuration.theta_c,
        ),
        Cell(str(len(configuration.seeds)), value=len(configuration.seeds)),
        Cell(seconds_text(configuration.seconds), value=configuration.seconds),
    )
    return line_of(configuration, cells)


def attack_lines(configurations: Sequence[Configuration]) -> list[Line]:
    """Return a row per configuration and kind of attack."""
    return [
        _attack_line(configuration, summary)
        for configuration in configurations
        for summary in configuration.attacks.values()
    ]


def _attack_line(configuration: Configuration, summary: AttackSummary) -> Line:
    return line_of(configuration, attack_cells(summary))


def attack_cells(summary: AttackSummary) -> tuple[Cell, ...]:
    """Return the cells of one kind of attack on one configuration, its name first."""
    return (
        Cell(summary.name),
        interval_cell(summary.att_acc, summary.interval, bar=True),
        Cell(percent(summary.att_acc_top5), value=summary.att_acc_top5),
        difference_cell(summary.difference),
        Cell(percent(summary.second_att_acc), value=summary.second_att_acc),
        Cell(number_text(summary.target_confidence), value=summary.target_confidence),
        _distance_cell(summary),
        Cell(seconds_text(summary.attack_seconds), value=summary.attack_seconds),
    )


def _distance_cell(summary: AttackSummary) -> Cell:
    if summary.distance_doubt and summary.knn_distance is not None:
        return Cell(number_text(None), summary.distance_doubt)
    return Cell(number_text(summary.knn_distance), value=summary.knn_distance)


def seconds_lines(summary: SweepSummary) -> list[Seconds]:
    """Return how long training, each kind of attack and judging took, summed over all tasks of the sweep."""
    phases = [("Training T", [row["seconds"] for row in summary.targets])]
    for kind in summary.attack_kinds:
        rows = [row for row in summary.attacks if row["attack"] == kind]
        phases.append((f"Attack {summary.attack_names[kind]}", [row["attack_seconds"] for row in rows]))
    phases.append(("Judging", [row["judging_seconds"] for row in summary.attacks]))
    lines = []
    for phase, values in phases:
        known = [value for value in values if value is not None]
        if known:
            total = sum(known)
            lines.append(Seconds(phase, len(known), seconds_text(total), seconds_text(total / len(known))))
    return lines


def training_time_lines(summary: SweepSummary, most: int) -> list[Line]:
    """Return a row for each of the first configurations: time, its ratios to No-Def, epochs, Acc, recipe.

    Nothing when there is nothing to compare.
    """
    times = training_times(summary)
    return [_training_time_line(time) for time in times[:most]] if len(times) > 1 else []


def _training_time_line(time: TrainingTime) -> Line:
    configuration = time.configuration
    cells = (
        Cell(seconds_text(time.seconds), value=time.seconds),
        Cell(number_text(time.ratio), value=time.ratio),
        Cell(number_text(time.epoch_ratio), value=time.epoch_ratio),
        Cell(
            UNKNOWN if configuration.epochs is None else str(configuration.epochs), value=configuration.epochs
        ),
        interval_cell(configuration.acc, configuration.acc_range),
        Cell(configuration.recipe or "settings of the setup"),
    )
    return line_of(configuration, cells)


@dataclass(frozen=True)
class Share:
    """How much a parameter mattered: its name, its share in percent."""

    name: str
    percent: float


@dataclass(frozen=True)
class ImportanceGroup:
    """The parameters that mattered for one objective, the most important first."""

    objective: str
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class ImportanceSection:
    """What is known of the importance of parameters, or why nothing is."""

    groups: tuple[ImportanceGroup, ...]
    trials: int
    least: int


_OBJECTIVES: dict[str, str] = {"acc": "Natural accuracy", "att_acc": "Worst attack accuracy"}


def importance_groups(summary: SweepSummary, importances: Importances | None) -> ImportanceSection | None:
    """Return the section on importance; nothing when it was not computed."""
    if importances is None:
        return None
    groups = tuple(
        ImportanceGroup(_OBJECTIVES.get(objective, objective), _shares(shares, summary.families))
        for objective, shares in importances.shares.items()
    )
    return ImportanceSection(groups, importances.trials, importances.least)


def _shares(shares: Mapping[str, float], families: Mapping[str, Defense]) -> tuple[Share, ...]:
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return tuple(Share(searched_name(name, families), 100 * share) for name, share in ordered)


def timing_warning(summary: SweepSummary) -> str | None:
    """Return a warning when the targets were not trained on one machine: then times do not compare."""
    count = machines(summary)
    if count < 2:
        return None
    return f"The targets were trained on {count} different machines or devices: their times do not compare."


def progress_text(summary: SweepSummary) -> str:
    """Return how many trials are done, failed and left."""
    done, failed = sum(summary.done.values()), sum(summary.failed.values())
    parts = [f"{format_count(done, 'trial')} done"]
    if failed:
        parts.append(f"{failed} failed")
    if summary.left and sum(summary.left.values()):
        parts.append(f"{sum(summary.left.values())} left")
    return ", ".join(parts)
