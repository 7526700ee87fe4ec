"""What leaked, in words: how many reconstructions show the true value of each attribute of the persons."""

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from results.formatting import UNKNOWN, percent
from results.report.page import Cell, Line, interval_cell
from results.report.verdict import lowering
from results.statistics.attributes import AttributeLeak, attribute_leaks
from results.statistics.configurations import Configuration
from results.statistics.summary import SweepSummary


class LeakedAttributes(NamedTuple):
    """A table: a row for each attribute, a column for each configuration, then guessing and the evaluator."""

    columns: tuple[str, ...]
    """Labels of the configurations."""
    lines: tuple[Line, ...]


def leaked_attributes(summary: SweepSummary, reconstructions: pa.Table) -> LeakedAttributes | None:
    """Return the attributes shown by the worst attack on No-Def, on the best defence and on a control.

    The attribute that No-Def gives away most beyond guessing comes first. ``None`` where the evaluator
    reads no attributes.
    """
    shown = _configurations(summary)
    leaks = [_by_attribute(summary, configuration, reconstructions) for configuration in shown]
    if not leaks or not leaks[0]:
        return None
    lines = (_line(name, [by_name.get(name) for by_name in leaks]) for name in leaks[0])
    return LeakedAttributes(tuple(configuration.label for configuration in shown), tuple(lines))


def _configurations(summary: SweepSummary) -> list[Configuration]:
    """Return No-Def, the defence with the largest drop, and the first control, as far as there are any."""
    chosen = [summary.no_def, *lowering(summary)[:1], *summary.controls[:1]]
    return [configuration for configuration in chosen if configuration and configuration.worst_attack]


def _by_attribute(
    summary: SweepSummary, configuration: Configuration, reconstructions: pa.Table
) -> dict[str, AttributeLeak]:
    attack = configuration.attacks[str(configuration.worst_attack)]
    rows = [row for row in summary.attacks if row["attack_id"] in attack.attack_ids]
    return {leak.attribute: leak for leak in attribute_leaks(rows, reconstructions)}


def _line(name: str, leaks: Sequence[AttributeLeak | None]) -> Line:
    known = next(leak for leak in leaks if leak is not None)
    cells = (
        *(
            Cell(UNKNOWN) if leak is None else interval_cell(leak.share, leak.interval, bar=True)
            for leak in leaks
        ),
        *(Cell(percent(share), value=share) for share in (known.guess, known.evaluator_acc)),
    )
    return Line(name.replace("_", " "), "", False, cells)
