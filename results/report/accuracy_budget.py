"""The lowest AttAcc for a given loss of accuracy."""

from typing import NamedTuple

from results.formatting import counted, percent
from results.report.page import Cell, Line, difference_cell, interval_cell, line_of
from results.report.verdict import lowering
from results.statistics.configurations import Configuration
from results.statistics.summary import SweepSummary

POINTS = (0, 1, 2, 5, 10)
"""Points of natural accuracy below that of No-Def."""
_ROUNDING = 1e-9


class BudgetChoice(NamedTuple):
    """The configuration with the lowest worst AttAcc that costs at most so many points of Acc."""

    points: tuple[int, ...]
    """The budgets whose best choice it is, in points of percent, the smallest first."""
    configuration: Configuration

    @property
    def points_label(self) -> str:
        """Return the budgets in words."""
        *smaller, largest = self.points
        return " or ".join(part for part in (", ".join(map(str, smaller)), counted(largest, "point")) if part)


def budget_choices(summary: SweepSummary) -> list[BudgetChoice]:
    """Return the best choice for each budget of accuracy, the smallest budget first.

    Only configurations that lowered the worst AttAcc of No-Def beyond the interval of the difference are a
    choice; budgets that buy none of them are left out, and budgets that buy the same one stand together.
    """
    anchor, found = summary.no_def, dict[str, BudgetChoice]()
    for points in POINTS if anchor else ():
        assert anchor is not None
        least = anchor.acc - points / 100 - _ROUNDING
        if affordable := [one for one in lowering(summary) if one.acc >= least]:
            best = min(affordable, key=lambda one: (one.worst_att_acc or 0.0, -one.acc))
            earlier = found.get(best.config_id, BudgetChoice((), best))
            found[best.config_id] = earlier._replace(points=(*earlier.points, points))
    return list(found.values())


def least_cost(summary: SweepSummary) -> str | None:
    """Return the points of accuracy that the cheapest choice costs; nothing where it costs none."""
    accs = [one.acc for one in lowering(summary)]
    if summary.no_def is None or not accs:
        return None
    cost = summary.no_def.acc - max(accs)
    return percent(cost) if cost > _ROUNDING else None


def budget_lines(found: list[BudgetChoice]) -> list[tuple[str, Line]]:
    """Return a row per choice: the points of accuracy given up, and the configuration."""
    return [(one.points_label, _line(one.configuration)) for one in found]


def _line(one: Configuration) -> Line:
    cells = (
        interval_cell(one.acc, one.acc_range),
        interval_cell(one.worst_att_acc, one.worst_interval, bar=True),
        difference_cell(one.difference),
        Cell(str(len(one.seeds)), "" if len(one.seeds) > 1 else "not confirmed"),
    )
    return line_of(one, cells)
