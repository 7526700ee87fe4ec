"""What the page shows of a failed trial: configuration, steps, the end of its log, its command."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from results.errors import PathMissing
from results.formatting import seconds_text
from results.labels import attack_name, configuration_label, defense_name
from results.report.rerun import rerun_command
from results.statistics.summary import Failure, SweepSummary
from results.stores.store import Store
from results.sweeps.settings import SweepSettings
from results.sweeps.trial_logs import StepLog, TrialLog, read_trial_log

Plain = dict[str, Any]

LINES = 30
"""Last lines of the log of a step that failed."""
MOST_CHARACTERS = 300
"""Of a line."""


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
        found = _details(failure) | (_logged(store, summary, settings, log) if log else {})
        labels[failure.number] = found["label"]
        yield failure.number, found


def _details(failure: Failure) -> Plain:
    return {"role": failure.role, "label": failure.label, "reason": failure.reason}


def _logged(store: Store, summary: SweepSummary, settings: SweepSettings, log: TrialLog) -> Plain:
    target = log.trial.get("target", {})
    defense = target.get("defense", {})
    known = {"control": target.get("control"), "seed": target.get("seed"), "defense": defense.get("kind")}
    row = {**defense, **known, "config": json.dumps(target)}
    return {
        "label": configuration_label(row) if known["defense"] else "not recorded",
        "settings": _settings(log.trial),
        "steps": [_step(step) for step in log.steps],
        "log": [lines for step in log.steps if step.state == "failed" for lines in _last_lines(store, step)],
        "command": rerun_command(summary, settings, log.number, row),
    }


def _settings(trial: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the settings of T's data, of T, of its defence and of the attacks on it, one line each."""
    target = trial.get("target", {})
    defense = target.get("defense", {})
    found = [
        ("Defence", defense_name(str(defense.get("kind", ""))), _without_kind(defense)),
        ("Training", "", {**target.get("target", {}), "seed": target.get("seed")}),
        ("Data", "", target.get("data", {})),
    ]
    found += [
        ("Attack", attack_name(str(one["attack"].get("kind", ""))), _without_kind(one["attack"]))
        for one in trial.get("attacks", ())
    ]
    return [(name, ", ".join([*filter(None, [kind]), *_pairs(values)])) for name, kind, values in found]


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
