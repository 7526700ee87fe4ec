"""What the commands print for people: tables of fronts, plans, states and findings."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.screens.text import duration
from results.formatting import UNKNOWN, delta_text, interval_text, percent
from results.labels import attack_name

if TYPE_CHECKING:
    from orchestrator.doctor import Diagnosis
    from orchestrator.planning.plan import Plan
    from results.statistics.configurations import Configuration
    from results.sweep_status import Status

PIPE_WIDTH = 140
"""Columns when the output is not a terminal and has no width of its own."""

LEAST_NAME = 20
"""Columns that names of configurations keep on a narrow terminal."""

PLANNED = ("planned", "in the store", "left")

ON_THE_FRONT = "* on the front: no other configuration has a higher Acc and a lower AttAcc"

STATE_STYLES = {"ok": "green", "warning": "yellow", "broken": "red"}
"""Colours of findings on a terminal; rich leaves them out where NO_COLOR is set."""


def console() -> Console:
    """Return the console of standard output."""
    terminal = Console(highlight=False, soft_wrap=False)
    return terminal if terminal.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def front_table(configurations: "Sequence[Configuration]", controls: "Sequence[Configuration]" = ()) -> Table:
    """Return the configurations as a table, those on the front marked, controls last.

    Intervals have a column where there are any: those who look at a front only, read no reconstructions.
    """
    rows = [*configurations, *controls]
    columns: dict[str, Callable[[Configuration], str]] = {
        "Acc %": lambda configuration: percent(configuration.acc),
        "worst AttAcc %": lambda configuration: percent(configuration.worst_att_acc),
        "95 % interval": lambda configuration: interval_text(configuration.worst_interval) or UNKNOWN,
        "attack": lambda configuration: (
            attack_name(configuration.worst_attack) if configuration.worst_attack else UNKNOWN
        ),
        "Delta": lambda configuration: delta_text(configuration.delta),
        "seeds": lambda configuration: str(len(configuration.seeds)),
    }
    if not any(configuration.worst_interval for configuration in rows):
        del columns["95 % interval"]
    table = plain_table("", "defence", *columns, numbers=columns.keys() - {"attack"}, names=["defence"])
    for configuration in rows:
        cells = (cell(configuration) for cell in columns.values())
        table.add_row("*" if configuration.on_front else "", Text(configuration.label), *cells)
    return table


def plan_table(plan: "Plan") -> Table:
    """Return what a sweep would do as a table."""
    table = plain_table("", *PLANNED, numbers=PLANNED)
    for role, count in plan.planned.items():
        ended, left = plan.ended.get(role, 0), plan.left[role]
        shown = (f"up to {most}" if role == "confirmation" and most else str(most) for most in (count, left))
        table.add_row(f"{role} trials", next(shown), str(ended), next(shown))
    for piece in plan.shared:
        table.add_row(piece.name, "1", "1" if piece.in_store else "0", "0" if piece.in_store else "1")
    return table


def plan_lines(plan: "Plan") -> list[str]:
    """Return what a plan says besides its table and its attacks."""
    cost = (
        "nothing"
        if not any(plan.left.values())
        else "unknown; this store holds no times of such steps"
        if plan.cpu_seconds is None
        else f"about {duration(plan.cpu_seconds)} of CPU time, at the rates measured in this store"
    )
    return [
        f"sweep {plan.sweep_id}: {plan.space} on {plan.setup}",
        f"store {plan.store}",
        f"left to compute: {cost}",
    ]


def status_lines(status: "Status") -> list[str]:
    """Return how far a sweep has come."""
    if status.sweep_id is None:
        return ["no sweep in this store yet; start one with tldmi-sweep --space bido_vs_tldmi"]
    lines = [f"sweep {status.sweep_id}{f': {status.title}' if status.title else ''}"]
    lines += [f"done: {_counts(status.done)}", f"failed: {_counts(status.failed)}"]
    if status.left is not None:
        lines.append("finished" if status.finished else f"left: {_counts(status.left)}")
    from results.report.target_warnings import unfit_warnings

    return [*lines, *(f"warning: {text}" for text in unfit_warnings(status.unfit))]


def diagnosis_table(diagnosis: "Diagnosis") -> Table:
    """Return the findings as a table."""
    table = plain_table("", "", "state", "")
    group = ""
    for finding in diagnosis.findings:
        heading, group = finding.group if finding.group != group else "", finding.group
        state = Text(finding.state, style=STATE_STYLES.get(finding.state, ""))
        table.add_row(heading, Text(finding.name), state, Text(finding.text))
    return table


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {role}" for role, count in counts.items() if count) or "none"


def plain_table(*columns: str, numbers: Collection[str] = (), names: Collection[str] = ()) -> Table:
    """Return a table without lines: numbers stand on the right, names keep room and are never cut."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in numbers else "left",
            overflow="fold",
            min_width=LEAST_NAME if column in names else None,
        )
    return table
