"""A comparison for people: lines, and a table of differences."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from orchestrator.comparing import Compared
from orchestrator.screens.tables import plain_table
from results import Comparison
from results.formatting import (
    UNKNOWN,
    difference_interval,
    difference_text,
    format_points,
    number_text,
    percent,
)
from results.labels import attack_name
from results.statistics.comparison import AttackComparison
from results.statistics.configurations import Configuration
from results.sweep_comparison import SweepComparison, SweepSide

COLUMNS = ("configuration", "Acc", "attack", "AttAcc", "95 % interval", "classes - + =", "p", "paired by")
NUMBERS = ("Acc", "AttAcc", "95 % interval", "classes - + =", "p")
HOW_TO_READ = """\
Acc and AttAcc: first minus second, in percentage points.
- + =: number of classes in which the first has a lower, a higher and an equal AttAcc.
p: sign test over these classes, not corrected for the number of rows."""
PAIRED_BY = {"reconstructions": "start", "classes": "class", "none": "not paired"}


def comparison_lines(compared: Compared) -> list[str]:
    """Return what a comparison says besides its table."""
    comparison = compared.comparison
    return list(
        _configuration_lines(comparison) if isinstance(comparison, Comparison) else _sweep_lines(comparison)
    )


def comparison_table(compared: Compared) -> Table:
    """Return one row for each attack on each pair of configurations; differences are first minus second."""
    comparison = compared.comparison
    table = plain_table(*COLUMNS, numbers=NUMBERS, names=["configuration"])
    for pair in [comparison] if isinstance(comparison, Comparison) else comparison.configurations:
        for attack in pair.attacks:
            table.add_row(Text(pair.first.label), format_points(pair.acc_difference), *_cells(attack))
    return table


def _cells(attack: AttackComparison) -> tuple[str, ...]:
    signs = attack.signs
    counted = attack.pairing != "none"
    return (
        attack_name(attack.attack),
        difference_text(attack.difference),
        difference_interval(attack.difference),
        f"{signs.lower} {signs.higher} {signs.equal}" if counted else UNKNOWN,
        f"{signs.p_value:.3g}" if counted else UNKNOWN,
        PAIRED_BY[attack.pairing],
    )


def _configuration_lines(comparison: Comparison) -> Iterator[str]:
    for title, configuration in (("first", comparison.first), ("second", comparison.second)):
        yield f"{title}: {_point(configuration)}, training seeds {', '.join(map(str, configuration.seeds))}"
    if not comparison.seeds:
        yield "not paired by start: no training seed is shared; each class is compared with itself"


def _sweep_lines(comparison: SweepComparison) -> Iterator[str]:
    for title, side in (("first", comparison.first), ("second", comparison.second)):
        yield from _side_lines(title, side)
    if comparison.hypervolume_difference:
        value, low, high = map(_area, comparison.hypervolume_difference)
        yield f"hypervolume: first minus second {value}, 95 % interval {low} to {high}"
    yield from comparison.notes
    for title, only in (("first", comparison.only_first), ("second", comparison.only_second)):
        if only:
            yield f"only in the {title}: {', '.join(configuration.label for configuration in only)}"
    if not comparison.configurations:
        yield "no configuration is in both sweeps"


def _side_lines(title: str, side: SweepSide) -> Iterator[str]:
    summary = side.summary
    if summary.sweep_id is None:
        yield f"{title}: {side.store} holds no sweep yet"
        return
    name = f" ({summary.record.title})" if summary.record else ""
    left = "" if summary.finished else ", not finished"
    interval = " to ".join(map(_area, side.hypervolume_interval or ())) or UNKNOWN
    yield f"{title}: sweep {summary.sweep_id}{name} in {side.store}{left}"
    yield f"  hypervolume {_area(summary.hypervolume)}, 95 % interval {interval}"
    yield from (f"  on the front: {_point(configuration)}" for configuration in summary.front)


def _area(value: float) -> str:
    return number_text(round(value, 3) + 0.0, 3)


def _point(point: Configuration) -> str:
    return f"{point.label}, Acc {percent(point.acc)} %, worst AttAcc {percent(point.worst_att_acc)} %"
