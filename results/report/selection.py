"""Which configurations of a sweep to show in detail when there is no room for all."""

from results.figures.front_plot import spread
from results.statistics.configurations import Configuration
from results.statistics.summary import SweepSummary


def select_configurations(summary: SweepSummary, most: int) -> list[Configuration]:
    """Return what to show in detail: No-Def, ``most`` of the front, and the best of each family not on it.

    The best of a family is the one with the least worst AttAcc.
    """
    anchor = [summary.no_def] if summary.no_def else []
    front = spread([one for one in reversed(summary.front) if not one.is_anchor], most)
    known = [one for one in summary.defended if one.worst_att_acc is not None and not one.unfit]
    best: dict[str, Configuration] = {}
    for one in sorted(known, key=lambda one: one.point[1]):
        best.setdefault(one.defense, one)
    shown = {one.defense for one in front}
    return [*anchor, *front, *(one for family, one in best.items() if family not in shown)]
