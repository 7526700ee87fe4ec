"""A sweep as a LaTeX table in the shape of the supplement's; needs the package booktabs and nothing else."""

from collections.abc import Sequence

from results.formatting import (
    UNKNOWN,
    count_text,
    delta_text,
    interval_text,
    join_words,
    number_text,
    percent,
)
from results.report.controls_and_evaluators import chance_of
from results.report.selection import select_configurations
from results.statistics.configurations import Configuration, known_mean
from results.statistics.summary import SweepSummary
from results.statistics.training_time import TrainingTime, training_times

MOST_ROWS = 40
"""With more configurations than this a table holds No-Def, the front and the best of the other families."""
_MOST_OF_FRONT = 12

_LATEX = {
    "\\": r"\textbackslash{}",
    "λx": r"$\lambda_x$",
    "λy": r"$\lambda_y$",
    "λ": r"$\lambda$",
    "−": "$-$",  # noqa: RUF001
    "–": "--",  # noqa: RUF001
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}

_ATTACKS = (
    "Attack",
    "Defence",
    r"$|\theta_C|$",
    r"Acc $\uparrow$",
    r"AttAcc $\downarrow$",
    r"95\,\% interval",
    "Top-5",
    r"$\Delta$ $\uparrow$",
    r"KNN dist $\uparrow$",
)
_OF_ATTACKS = (
    "Acc, AttAcc and Top-5 in percent, means over training seeds; after AttAcc the sample sd over restarts.",
    "Interval: 95 % bootstrap over classes, seeds pooled, not corrected for the number of rows.",
    "Delta: AttAcc lost per Acc lost against No-Def, on the seeds of both; KNN dist: squared l2.",
)
_OF_TIMES = ("Seconds of the epochs of one seed; ratio to No-Def.",)
_TIMES = ("Defence", "Seconds", "Ratio", r"Acc $\uparrow$")


def latex_table(summary: SweepSummary) -> str:
    r"""Return the ``tabular`` of a sweep: a block of rows per attack, or training times without attacks.

    AttAcc is followed by the sample standard deviation over restarts, as printed tables have one; the
    interval is over classes. ``\Delta`` is that of the attack of its block,
    on the seeds that No-Def has too.
    """
    if not summary.attack_kinds:
        return _notes(summary, _OF_TIMES) + _tabular(
            "lrrr", _TIMES, [[_time_row(time) for time in training_times(summary)]]
        )
    shown = table_rows(summary)
    blocks = [_block(summary, kind, shown) for kind in summary.attack_kinds]
    return _notes(summary, _OF_ATTACKS) + _left_out(summary, shown) + _tabular("llrrrrrrr", _ATTACKS, blocks)


def table_rows(summary: SweepSummary) -> list[Configuration]:
    """Return the configurations of a printed table: all, or of very many the ones to feature."""
    if len(summary.configurations) <= MOST_ROWS:
        return list(summary.configurations)
    return select_configurations(summary, _MOST_OF_FRONT)


def _notes(summary: SweepSummary, meanings: Sequence[str]) -> str:
    """Return comments for whoever pastes the table: which sweep, how many classes, what the columns are."""
    title = summary.record.title if summary.record else ""
    classes = max((row["attacked_classes"] or 0 for row in summary.attacks), default=0)
    chance = chance_of(summary)
    lines = [f"sweep {summary.sweep_id} {title}; needs the package booktabs", *meanings]
    if classes and chance is not None:
        controls = [
            percent(control.worst_att_acc)
            for control in summary.controls
            if control.worst_att_acc is not None
        ]
        known = f"control attacks {join_words(controls)} %" if controls else "no control attacks"
        lines.append(f"{classes} classes attacked, chance {percent(chance)} %, {known}")
    return "".join(f"% {' '.join(line.split())}\n" for line in lines)


def _left_out(summary: SweepSummary, shown: Sequence[Configuration]) -> str:
    count = len(summary.configurations) - len(shown)
    return f"% No-Def, the front and the best of the other families; {count} more in .csv\n" if count else ""


def _tabular(columns: str, head: Sequence[str], blocks: Sequence[Sequence[str]]) -> str:
    lines = [r"\begin{tabular}{" + columns + "}", r"\toprule", " & ".join(head) + r" \\"]
    for block in blocks:
        lines += [r"\midrule", *block]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _block(summary: SweepSummary, kind: str, shown: Sequence[Configuration]) -> list[str]:
    known = [configuration for configuration in shown if kind in configuration.attacks]
    spreads = {row["attack_id"]: row["att_acc_restart_sd"] for row in summary.attacks}
    rows = [_attack_row(configuration, kind, spreads) for configuration in known]
    name = latex_text(summary.attack_names[kind])
    return [_row(["" if index else name, *row]) for index, row in enumerate(rows)]


def _attack_row(configuration: Configuration, kind: str, spreads: dict[str, float | None]) -> list[str]:
    attack = configuration.attacks[kind]
    spread = known_mean(spreads.get(unit) for unit in attack.attack_ids)
    att_acc = latex_text(percent(attack.att_acc)) + ("" if spread is None else rf" $\pm$ {percent(spread)}")
    return [
        latex_text(configuration.label),
        latex_text(count_text(configuration.theta_c)),
        latex_text(percent(configuration.acc)),
        att_acc,
        latex_text(interval_text(attack.interval) or UNKNOWN),
        latex_text(percent(attack.att_acc_top5)),
        latex_text(delta_text(attack.delta)),
        latex_text(number_text(None if attack.distance_doubt else attack.knn_distance)),
    ]


def _time_row(time: TrainingTime) -> str:
    configuration = time.configuration
    cells = (
        configuration.label,
        number_text(time.seconds, 1),
        number_text(time.ratio),
        percent(configuration.acc),
    )
    return _row([latex_text(cell) for cell in cells])


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def latex_text(text: str) -> str:
    r"""Return ``text`` with LaTeX's special characters escaped.

    >>> latex_text("50 % of tl_dmi")
    '50 \\% of tl\\_dmi'
    """
    done, rest = "", text
    while rest:
        token = next((key for key in _LATEX if rest.startswith(key)), rest[0])
        done, rest = done + _LATEX.get(token, token), rest[len(token) :]
    return done
