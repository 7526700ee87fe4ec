"""What the page shows of a trial that is opened: curves, classes, confidences, its command; of a failed one
its configuration, its steps and the end of its log."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from results.defenses import Defense, read_defense
from results.errors import PathMissing
from results.figures.front_plot import spread
from results.formatting import seconds_text
from results.labels import attack_label, attack_name, configuration_label
from results.report.page import attack_cells
from results.report.reproduce_command import reproduce_command
from results.statistics.configurations import Configuration, Run
from results.statistics.summary import Failure, SweepSummary
from results.stores.rows_by_key import RowsByKey
from results.stores.store import Store
from results.sweeps.settings import SweepSettings
from results.sweeps.trial_logs import StepLog, TrialLog, read_trial_log

Plain = dict[str, Any]

BINS = 20
"""Bins of the histogram of P_T, over [0, 1]."""
_EDGES = np.linspace(0.0, 1.0, BINS + 1)
MOST_EPOCHS = 60
"""Epochs of a curve in a page; longer ones are thinned evenly."""

LINES = 30
"""Last lines of the log of a step that failed."""
MOST_CHARACTERS = 300
"""Of a line."""

_CURVES = {
    "loss": "Loss",
    "cross_entropy": "Cross-entropy",
    "train_acc": "Acc, training",
    "val_acc": "Acc, validation",
    "test_acc": "Acc, test",
}
"""What is drawn of every T, in this order; what parts of its defence record comes after the losses."""
_LOSSES = 2


class TrialDetails:
    """Makes the details of configurations from the rows of a store, as plain values for JSON."""

    def __init__(
        self,
        summary: SweepSummary,
        settings: SweepSettings,
        reconstructions: RowsByKey,
        curves: RowsByKey,
    ) -> None:
        self._summary = summary
        self._settings = settings
        self._reconstructions = reconstructions
        self._curves = curves
        self._runs: dict[tuple[str, str], list[Run]] = {}
        for run in summary.runs:
            target = run.target
            key = (target["config_id"] or target["target_id"], target["control"] or "none")
            self._runs.setdefault(key, []).append(run)

    def runs(self, configuration: Configuration) -> list[Run]:
        """Return the trials of a configuration, in order of proposal."""
        return self._runs.get((configuration.config_id, configuration.control), [])

    def of(self, configuration: Configuration) -> Plain:
        """Return the details of a configuration: its attacks, and each of its trials."""
        return {
            "attacks": [
                [cell_text(cell.text, cell.note) for cell in attack_cells(summary)]
                for summary in configuration.attacks.values()
            ],
            "trials": [self._trial(run) for run in self.runs(configuration)],
        }

    def _trial(self, run: Run) -> Plain:
        return {
            "number": run.number,
            "role": run.role,
            "seed": run.seed,
            "target": run.target["target_id"],
            "acc": round_digits(run.target["acc"]),
            "train": round_digits(run.target["train_acc"]),
            "command": reproduce_command(self._summary, self._settings, run.number, run.target),
            "curves": curves_of(self._curves.rows(run.target["target_id"]), read_defense(run.target)),
            "attacks": [self._attack(row) for row in run.attacks],
        }

    def _attack(self, row: Plain) -> Plain:
        unit = row["attack_id"]
        tally = self._summary.tallies.get(unit)
        classes = sorted(tally.judged) if tally else []
        return {
            "id": unit,
            "name": attack_label(row),
            "att": round_digits(row["att_acc"]),
            "classes": classes,
            "hits": [tally.hits[index] for index in classes] if tally else [],
            "judged": [tally.judged[index] for index in classes] if tally else [],
            "confidence": confidence_histogram(self._reconstructions, unit),
        }


def cell_text(text: str, note: str) -> str:
    """Return a cell with its interval on one line."""
    return f"{text} ({note})" if note else text


def confidence_histogram(reconstructions: RowsByKey, attack_id: str) -> list[int]:
    """Return how many reconstructions lie in each of 20 equal bins of P_T, [0, 0.05) to [0.95, 1].

    Those that were not found have no picture and no confidence, and are left out.
    """
    column = reconstructions.table(attack_id)["target_confidence"]
    values = np.asarray(column.drop_null().to_numpy(), dtype=np.float64)
    places = np.searchsorted(_EDGES, values[(values >= 0) & (values <= 1)], side="right") - 1
    counts = np.bincount(np.minimum(places, BINS - 1), minlength=BINS)
    return [int(count) for count in counts]


def curves_of(rows: Sequence[Plain], defense: Defense) -> Plain:
    """Return the curves of a T that are known in any epoch, by label, with their epochs from 1.

    ``rows`` have epoch, name and value; the parts of ``defense`` say how what they record is called.
    """
    epochs = spread(sorted({row["epoch"] for row in rows}), MOST_EPOCHS)
    values = {(row["name"], row["epoch"]): round_digits(row["value"]) for row in rows}
    recorded = {name for name, _ in values}
    curves: Plain = {"epoch": [epoch + 1 for epoch in epochs]} if epochs else {}
    for name, label in _curve_labels(defense).items():
        if name in recorded:
            curves[label] = [values.get((name, epoch)) for epoch in epochs]
    return curves


def _curve_labels(defense: Defense) -> dict[str, str]:
    own = [curve for part in defense.parts for curve in part.curves]
    known = list(_CURVES.items())
    return dict([*known[:_LOSSES], *own, *known[_LOSSES:]])


def round_digits(value: float | None, digits: int = 4) -> float | None:
    """Return ``value`` with four significant digits; nothing when it is not a finite number.

    >>> round_digits(0.123456), round_digits(float("nan"))
    (0.1235, None)
    """
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


def failed_trials(
    store: Store,
    summary: SweepSummary,
    settings: SweepSettings,
    failures: Sequence[Failure],
    labels: dict[int, str],
) -> Iterator[tuple[int, Plain]]:
    """Yield number and details of each failed trial, as plain values for JSON; reads them one by one.

    Puts into ``labels`` how the configuration of each that was read is called, trained or not.
    """
    for failure in failures:
        log = read_trial_log(store, summary.sweep_id or "", failure.number)
        details = _details(failure) | (_logged(store, summary, settings, log) if log else {})
        labels[failure.number] = details["label"]
        yield failure.number, details


def _details(failure: Failure) -> Plain:
    return {"role": failure.role, "label": failure.label, "reason": failure.reason}


def _logged(store: Store, summary: SweepSummary, settings: SweepSettings, log: TrialLog) -> Plain:
    target = log.trial.get("target", {})
    known = {"control": target.get("control"), "seed": target.get("seed")}
    row = {**log.defense, **known, "config": json.dumps(target)}
    return {
        "label": configuration_label(row) if log.defense else "not recorded",
        "settings": _settings(log),
        "steps": [_step(step) for step in log.steps],
        "log": [lines for step in log.steps if step.state == "failed" for lines in _last_lines(store, step)],
        "command": reproduce_command(summary, settings, log.number, row),
    }


def _settings(log: TrialLog) -> list[tuple[str, str]]:
    """Return the settings of T's data, of T, of its defence and of the attacks on it, one line each."""
    target, defense = log.trial.get("target", {}), read_defense(log.defense)
    groups = [
        ("Defence", defense.name, defense.columns),
        ("Training", "", {**target.get("target", {}), "seed": target.get("seed")}),
        ("Data", "", target.get("data", {})),
    ]
    groups += [
        ("Attack", attack_name(str(attack["attack"].get("kind", ""))), _without_kind(attack["attack"]))
        for attack in log.trial.get("attacks", ())
    ]
    return [(name, ", ".join([*filter(None, [kind]), *_pairs(values)])) for name, kind, values in groups]


def _without_kind(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "kind"}


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if value not in (None, [], {}):
            yield f"{name} {json.dumps(value) if isinstance(value, dict | list | bool) else value}"


def _step(step: StepLog) -> tuple[str, str, str, str]:
    return step.name, step.state, seconds_text(step.seconds), step.host or ""


def _last_lines(store: Store, step: StepLog) -> Iterator[tuple[str, str]]:
    """Yield the step and the end of its log; nothing when the store has none."""
    if step.log is None:
        return
    try:
        text = store.get_bytes(step.log).decode(errors="replace")
    except PathMissing:
        return
    lines = text.rstrip().splitlines()[-LINES:]
    yield step.name, "\n".join(line[:MOST_CHARACTERS] for line in lines)
