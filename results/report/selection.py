"""Which configurations of a sweep to show in detail when there is no room for all."""

from results.figures.front_plot import spread
from results.statistics.configurations import Configuration
from results.statistics.summary import SweepSummary


def select_configurations(summary: SweepSummary, most: int) -> list[Configuration]:
    """Return what to show in detail: No-Def, ``most`` of the front, and the best of each family not on it.

    The best of a family is the one with the least worst AttAcc.
    """
    anchor = [summary.no_def] if summary.no_def else []
    front = spread(
        [configuration for configuration in reversed(summary.front) if not configuration.is_anchor], most
    )
    known = [
        configuration
        for configuration in summary.defended
        if configuration.worst_att_acc is not None and not configuration.unfit
    ]
    best: dict[str, Configuration] = {}
    for configuration in sorted(known, key=lambda configuration: configuration.point[1]):
        best.setdefault(configuration.defense, configuration)
    shown = {configuration.defense for configuration in front}
    return [
        *anchor,
        *front,
        *(configuration for family, configuration in best.items() if family not in shown),
    ]
