"""The trials of a sweep as a list to look through: filtered, sorted, failed ones with their reasons."""

import difflib
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from results.defenses import parameter_columns, read_defense
from results.errors import ResultsError
from results.labels import label_of
from results.stores.parts import rows_of
from results.stores.store import Store
from results.sweeps.settings import weights_text
from results.sweeps.trial_logs import read_trial_log

_FROM_TRIAL = ("number", "role", "state", "reason", "acc", "worst_att_acc", "trial_id", "target_id")
_FROM_TARGET = (
    "control",
    "seed",
    "architecture",
    "pretrained",
    "epochs",
    "theta_c",
    "seconds",
    "host",
)
_FIRST = (*_FROM_TRIAL[:3], "label", "defense")
COLUMNS = (*_FIRST, *_FROM_TARGET, *_FROM_TRIAL[3:])
"""Columns of every list of trials; those of the defences' parameters come after ``defense``."""

Row = dict[str, Any]
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CONDITION = re.compile(r"\s*(\w+)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*")


class UnknownCondition(ResultsError):
    """A condition or an order that names no column, or compares what cannot be compared."""


def trial_list(store: Store, sweep_id: str) -> list[Row]:
    """Return one row per ended trial of the sweep, in the order of their numbers.

    Each has ``COLUMNS`` and a column for each parameter of each defence of the sweep. What is not known of a
    T that was never trained comes from the log of its trial.
    """
    targets = {row["target_id"]: row for row in rows_of(store.read_rows("targets"))}
    trials = [row for row in rows_of(store.read_rows("trials")) if row["sweep_id"] == sweep_id]
    trials.sort(key=lambda row: int(row["number"]))
    targets_of_trials = [targets.get(trial["target_id"]) or _logged(store, trial) for trial in trials]
    columns = parameter_columns(map(read_defense, targets_of_trials))
    return [_row(trial, target, columns) for trial, target in zip(trials, targets_of_trials, strict=True)]


MOST_VALUES = 20
"""Names of a column that are listed; a column with more is no choice among kinds."""


def filter_rows(rows: Sequence[Row], conditions: Sequence[str]) -> list[Row]:
    """Return the rows that fulfil every condition: a column, one of ``= != < <= > >=``, and a value.

    A missing value fulfils only ``!=``. Raises ``UnknownCondition``.

    >>> filter_rows([{"acc": 0.9}, {"acc": 0.2}, {"acc": None}], ["acc > 0.5"])
    [{'acc': 0.9}]
    """
    tests = [_test(condition, rows) for condition in conditions]
    return [row for row in rows if all(test(row) for test in tests)]


def values_meant(rows: Sequence[Row], conditions: Sequence[str]) -> list[str]:
    """Return, for each name that no row has, the names that there are.

    >>> values_meant([{"state": "done"}, {"state": "failed"}], ["state=fialed"])
    ['state is one of done, failed']
    """
    hints = []
    for column, sign, text in (match.groups() for match in map(_CONDITION.fullmatch, conditions) if match):
        known = sorted({row[column] for row in rows if isinstance(row.get(column), str)})
        if sign == "=" and known and text not in known and len(known) <= MOST_VALUES:
            hints.append(f"{column} is one of {', '.join(known)}")
    return hints


def sort_rows(rows: Sequence[Row], column: str, descending: bool = False) -> list[Row]:
    """Return the rows in the order of a column, those without a value last; raises ``UnknownCondition``."""
    _check_column(column, rows)
    known = [row for row in rows if row[column] is not None]
    return [
        *sorted(known, key=lambda row: row[column], reverse=descending),
        *(row for row in rows if row[column] is None),
    ]


def _row(trial: Mapping[str, Any], target: Mapping[str, Any], parameters: Sequence[str]) -> Row:
    kind, defense = target.get("defense"), read_defense(target)
    row = {
        **{name: trial[name] for name in _FROM_TRIAL},
        **{name: target.get(name) for name in _FROM_TARGET},
        **{name: defense.columns.get(name) for name in parameters},
        "defense": kind,
        "label": label_of(defense, target.get("control")) if kind else "not recorded",
    }
    names = (*_FIRST, *parameters, *COLUMNS[len(_FIRST) :])
    return {name: row[name] for name in names}


def _logged(store: Store, trial: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the log of a trial says about its T, under the names of the targets table."""
    log = read_trial_log(store, trial["sweep_id"], trial["number"])
    if log is None:
        return {}
    target = log.trial.get("target", {})
    settings = _pick(target.get("target", {}), "architecture", "pretrained", "epochs")
    settings["pretrained"] = weights_text(settings["pretrained"])
    return {**settings, **_pick(target, "control", "seed"), **log.defense}


def _pick(plain: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: plain.get(name) for name in names}


def _test(condition: str, rows: Sequence[Row]) -> Callable[[Row], bool]:
    match = _CONDITION.fullmatch(condition)
    if match is None:
        raise UnknownCondition(
            f"no condition: {condition!r}; write a column, one of = != < <= > >=, and a value: defense=tl_dmi"
        )
    column, sign, text = match.groups()
    _check_column(column, rows)
    return lambda row: _holds(row[column], sign, text)


def _holds(value: object, sign: str, text: str) -> bool:
    if value is None:
        return sign == "!="
    if isinstance(value, int | float):
        return _OPERATORS[sign](value, _number(text))
    return _OPERATORS[sign](str(value), text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UnknownCondition(f"{text!r} is not a number, but the column holds numbers") from error


def _check_column(column: str, rows: Sequence[Row]) -> None:
    names = list(rows[0]) if rows else list(COLUMNS)
    if column not in names:
        close = difflib.get_close_matches(column, names, 1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise UnknownCondition(f"no column {column!r}{hint} Columns: {', '.join(names)}")
