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
    number_text,
    percent,
    signed,
)
from results.labels import attack_name
from results.statistics.comparison import AttackComparison
from results.statistics.configurations import Configuration
from results.sweep_comparison import SweepComparison, SweepSide

COLUMNS = ("configuration", "Acc", "attack", "AttAcc", "95 % interval", "classes - + =", "p", "paired by")
NUMBERS = ("Acc", "AttAcc", "95 % interval", "classes - + =", "p")
HOW_TO_READ = """\
Acc and AttAcc: first minus second, in percentage points.
- + =: classes in which the attack does worse, better and as well on the first.
p: sign test over them, uncorrected for the number of rows."""
PAIRED_BY = {"reconstructions": "start", "classes": "class", "none": "nothing"}


def comparison_lines(compared: Compared) -> list[str]:
    """Return what a comparison says besides its table."""
    found = compared.comparison
    return list(_configuration_lines(found) if isinstance(found, Comparison) else _sweep_lines(found))


def comparison_table(compared: Compared) -> Table:
    """Return one row for each attack on each pair of configurations; differences are first minus second."""
    found = compared.comparison
    table = plain_table(*COLUMNS, numbers=NUMBERS, names=["configuration"])
    for one in [found] if isinstance(found, Comparison) else found.configurations:
        for attack in one.attacks:
            table.add_row(Text(one.first.label), signed(one.acc_difference), *_cells(attack))
    return table


def _cells(one: AttackComparison) -> tuple[str, ...]:
    signs = one.signs
    counted = one.pairing != "none"
    return (
        attack_name(one.attack),
        difference_text(one.difference),
        difference_interval(one.difference),
        f"{signs.lower} {signs.higher} {signs.equal}" if counted else UNKNOWN,
        f"{signs.p_value:.3g}" if counted else UNKNOWN,
        PAIRED_BY[one.pairing],
    )


def _configuration_lines(found: Comparison) -> Iterator[str]:
    for title, one in (("first", found.first), ("second", found.second)):
        yield f"{title}: {_point(one)}, training seeds {', '.join(map(str, one.seeds))}"
    if not found.seeds:
        yield "not paired by start: no training seed is shared; each class is compared with itself"


def _sweep_lines(found: SweepComparison) -> Iterator[str]:
    for title, side in (("first", found.first), ("second", found.second)):
        yield from _side_lines(title, side)
    if found.hypervolume_difference:
        value, low, high = map(_area, found.hypervolume_difference)
        yield f"hypervolume: first minus second {value}, 95 % interval {low} to {high}"
    yield from found.notes
    for title, only in (("first", found.only_first), ("second", found.only_second)):
        if only:
            yield f"only in the {title}: {', '.join(one.label for one in only)}"
    if not found.configurations:
        yield "no configuration is in both"


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
    yield from (f"  on the front: {_point(one)}" for one in summary.front)


def _area(value: float) -> str:
    return number_text(round(value, 3) + 0.0, 3)


def _point(one: Configuration) -> str:
    return f"{one.label}, Acc {percent(one.acc)} %, worst AttAcc {percent(one.worst_att_acc)} %"
