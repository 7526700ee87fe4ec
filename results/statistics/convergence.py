"""How the search converged: the hypervolume of the front after each trial."""

from dataclasses import dataclass

from results.statistics.attainment import run_point
from results.statistics.pareto import Point, hypervolume
from results.statistics.summary import SweepSummary


@dataclass(frozen=True)
class Progress:
    """The front after a trial of the search."""

    trial: int
    """Number of the trial, from 0."""
    hypervolume: float
    """Of all trials so far, one seed each, in [0, 1]."""
    improved: bool


def convergence(summary: SweepSummary) -> tuple[Progress, ...]:
    """Return the hypervolume after each trial of the search that is done, in order of proposal.

    Confirmations and controls are left out: they try nothing new.
    """
    front: list[Point] = []
    area = 0.0
    steps = []
    for run in summary.runs:
        point = run_point(run, summary.attack_kinds)
        if run.role != "search" or point is None:
            continue
        better = not any(acc >= point[0] and att <= point[1] for acc, att in front)
        if better:
            front = [(acc, att) for acc, att in front if acc > point[0] or att < point[1]] + [point]
            area = hypervolume(front)
        steps.append(Progress(run.number, area, better))
    return tuple(steps)
