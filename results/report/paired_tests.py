"""Rows of two tables of a report: paired differences to No-Def; spread of AttAcc and distances."""

from collections.abc import Iterable, Sequence

from results.formatting import UNKNOWN, format_count, number_text, percent
from results.report.page import Cell, Line, difference_cell, line_of
from results.statistics.comparison import AttackComparison, Comparison
from results.statistics.configurations import AttackSummary, Configuration, Row, known_mean
from results.statistics.conventions import over_runs
from results.statistics.likeness import likeness_doubt
from results.statistics.summary import SweepSummary


def paired_lines(comparisons: Iterable[Comparison]) -> list[Line]:
    """Return a row per comparison and kind of attack."""
    return [_paired_line(comparison, attack) for comparison in comparisons for attack in comparison.attacks]


def _paired_line(comparison: Comparison, attack: AttackComparison) -> Line:
    signs = attack.signs
    paired = format_count(attack.pairs, "pair") if attack.pairs else "by class only"
    cells = (
        Cell(comparison.first.attacks[attack.attack].name),
        difference_cell(attack.difference),
        Cell(str(signs.lower), value=signs.lower),
        Cell(str(signs.equal), value=signs.equal),
        Cell(str(signs.higher), value=signs.higher),
        Cell(p_text(signs.p_value), value=signs.p_value),
        Cell(paired, format_count(len(comparison.seeds), "seed") if comparison.seeds else "", attack.pairs),
    )
    return line_of(comparison.first, cells)


def p_text(value: float) -> str:
    """Return a probability.

    >>> p_text(0.021484), p_text(1.2e-6)
    ('0.021', '< 0.001')
    """
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def distance_lines(summary: SweepSummary, configurations: Sequence[Configuration]) -> list[Line]:
    """Return a row per configuration and kind of attack: distances of the pictures, spread of AttAcc."""
    rows = {row["attack_id"]: row for row in summary.attacks}
    return [
        _distance_line(
            configuration, attack, [rows[attack_id] for attack_id in attack.attack_ids if attack_id in rows]
        )
        for configuration in configurations
        for attack in configuration.attacks.values()
    ]


def _distance_line(configuration: Configuration, attack: AttackSummary, rows: Sequence[Row]) -> Line:
    restart_sd = known_mean(row["att_acc_restart_sd"] for row in rows)
    seed_sd = over_runs([row["att_acc"] for row in rows])[1] if rows else None
    cells = (
        Cell(attack.name),
        Cell(percent(restart_sd), value=restart_sd),
        Cell(percent(seed_sd), value=seed_sd),
        *(_mean_cell(rows, column) for column in ("knn_distance", "centroid_distance")),
        _mean_cell(rows, "fid", _pictures(rows)),
        *(_mean_cell(rows, column) for column in ("kid", "lpips")),
    )
    return line_of(configuration, cells)


def _mean_cell(rows: Sequence[Row], column: str, note: str = "") -> Cell:
    if doubt := likeness_doubt((row for row in rows if row[column] is not None), column):
        return Cell(UNKNOWN, doubt)
    value = known_mean(row[column] for row in rows)
    return Cell(
        number_text(value, 3 if column in ("kid", "lpips") else 2), note if value is not None else "", value
    )


def _pictures(rows: Sequence[Row]) -> str:
    counts = sorted({row["fid_images"] for row in rows if row["fid_images"] is not None})
    return (
        f"of {' to '.join(map(str, dict.fromkeys((counts[0], counts[-1]))))} pictures" if counts else UNKNOWN
    )


def features_text(summary: SweepSummary) -> str:
    """Return the networks whose features FID and KID use."""
    return ", ".join(sorted({row["fid_features"] for row in summary.attacks if row["fid_features"]}))
