"""The lowest AttAcc for a given loss of accuracy."""

from typing import NamedTuple

from results.formatting import format_count, percent
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
        return " or ".join(
            part for part in (", ".join(map(str, smaller)), format_count(largest, "point")) if part
        )


def budget_choices(summary: SweepSummary) -> list[BudgetChoice]:
    """Return the best choice for each budget of accuracy, the smallest budget first.

    Only configurations that lowered the worst AttAcc of No-Def beyond the interval of the difference are a
    choice; budgets that buy none of them are left out, and budgets that buy the same one stand together.
    """
    anchor, choices = summary.no_def, dict[str, BudgetChoice]()
    for points in POINTS if anchor else ():
        assert anchor is not None
        least = anchor.acc - points / 100 - _ROUNDING
        if affordable := [configuration for configuration in lowering(summary) if configuration.acc >= least]:
            best = min(
                affordable, key=lambda configuration: (configuration.worst_att_acc or 0.0, -configuration.acc)
            )
            earlier = choices.get(best.config_id, BudgetChoice((), best))
            choices[best.config_id] = earlier._replace(points=(*earlier.points, points))
    return list(choices.values())


def least_cost(summary: SweepSummary) -> str | None:
    """Return the points of accuracy that the cheapest choice costs; ``None`` where it costs none."""
    accs = [configuration.acc for configuration in lowering(summary)]
    if summary.no_def is None or not accs:
        return None
    cost = summary.no_def.acc - max(accs)
    return percent(cost) if cost > _ROUNDING else None


def budget_lines(choices: list[BudgetChoice]) -> list[tuple[str, Line]]:
    """Return a row per choice: the points of accuracy given up, and the configuration."""
    return [(choice.points_label, _line(choice.configuration)) for choice in choices]


def _line(configuration: Configuration) -> Line:
    cells = (
        interval_cell(configuration.acc, configuration.acc_range),
        interval_cell(configuration.worst_att_acc, configuration.worst_interval, bar=True),
        difference_cell(configuration.difference),
        Cell(str(len(configuration.seeds)), "" if len(configuration.seeds) > 1 else "not confirmed"),
    )
    return line_of(configuration, cells)
