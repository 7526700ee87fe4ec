"""What people see of running and ended trials: tables and lines of ``status``, ``trials`` and ``logs``."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from orchestrator.execution.events import StepChanged
from orchestrator.screens.tables import plain_table
from orchestrator.screens.text import duration, step_text
from results.formatting import UNKNOWN, percent

if TYPE_CHECKING:
    from orchestrator.trial_report import TrialReport
    from results.statistics.summary import SweepSummary
    from results.sweep_status import ErrorKind
    from results.sweeps.run_progress import RunningTrial, RunProgress


def trial_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the rows of ``trial_list`` as a table; reasons have a column where there are any."""
    numbers = ("trial", "seed", "Acc %", "worst AttAcc %")
    reasons = ["reason"] if any(row["reason"] for row in rows) else []
    columns = ("trial", "role", "state", "configuration", *numbers[1:], *reasons)
    table = plain_table(*columns, numbers=numbers, names=["configuration"])
    for row in rows:
        cells = [
            str(row["number"]),
            row["role"],
            row["state"],
            Text(row["label"]),
            UNKNOWN if row["seed"] is None else str(row["seed"]),
            percent(row["acc"]),
            percent(row["worst_att_acc"]),
        ]
        table.add_row(*cells, *([Text(row["reason"] or "")] if reasons else []))
    return table


def finding_lines(summary: "SweepSummary") -> list[str]:
    """Return what the numbers of a sweep allow one to say, and what speaks against trusting them."""
    from results.report.controls_and_evaluators import control_warning, evaluator_warning
    from results.report.target_warnings import target_warnings
    from results.report.verdict import verdict

    found = verdict(summary)
    warnings = (*target_warnings(summary), evaluator_warning(summary), control_warning(summary))
    return [found.headline, *found.details, *(f"warning: {text}" for text in warnings if text)]


def run_lines(progress: "RunProgress | None", alive: bool, now: datetime | None = None) -> list[str]:
    """Return what is known of the latest run of a sweep, in plain lines."""
    if progress is None:
        return []
    where = f"process {progress.pid} on {progress.host}"
    if not alive:
        if progress.outcome == "done":
            return []
        how = progress.outcome or f"its driver ({where}) last reported at {progress.written_at}"
        return [f"not running; the last run ended: {how}"]
    eta = f", about {duration(progress.seconds_left)} left" if progress.seconds_left else ""
    stopping = f", stopping: {progress.stopping}" if progress.stopping else ""
    first = f"running: {where} since {progress.started_at}{eta}{stopping}"
    return [first, *(_running_line(trial, now or datetime.now(UTC)) for trial in progress.trials)]


def error_lines(kinds: "Sequence[ErrorKind]") -> list[str]:
    """Return the last error of each kind."""
    return [
        f"{kind.count} failed like trial {kind.last.number} ({kind.last.role}), {kind.last.label}: "
        f"{kind.last.reason}"
        for kind in kinds
    ]


def trial_log_lines(report: "TrialReport", most: int) -> list[str]:
    """Return the report of a trial in plain lines, of each log the last ``most``."""
    log = report.log
    lines = [
        f"trial {log.number} ({log.role}) of sweep {log.sweep_id}: {report.label}",
        f"{log.state}{f': {log.reason}' if log.reason else ''}",
        f"from {log.started_at} to {log.ended_at}",
    ]
    for step in log.steps:
        changed = StepChanged(log.number, step.name, step.state, step.seconds, step.reason)  # type: ignore[arg-type]
        host = f" on {step.host}" if step.host else ""
        lines.append(f"  {step_text(changed)}{host}")
    for name, text in report.texts.items():
        kept = text.splitlines()
        shown = kept[len(kept) - min(most, len(kept)) :]
        lines += ["", f"log of {name}: {report.places[name]}", *(f"  {line}" for line in shown)]
    import yaml

    settings = yaml.safe_dump(log.trial, sort_keys=False, default_flow_style=None, width=100)
    lines += ["", "configuration:", *(f"  {line}" for line in settings.splitlines())]
    return [*lines, "", f"run it once more, in one process: {report.command}"]


def _running_line(trial: "RunningTrial", now: datetime) -> str:
    changed = (
        StepChanged(trial.number, step.name, step.state, step.seconds)  # type: ignore[arg-type]
        for step in trial.steps
    )
    steps = ", ".join(map(step_text, changed)) or "starting"
    since = max((now - datetime.fromisoformat(trial.started_at)).total_seconds(), 0.0)
    return f"trial {trial.number} ({trial.role}), {trial.label}, for {duration(since)}: {steps}"
