"""What is known of one trial: its log, the logs of its steps, and the command that reproduces it."""

import difflib
import shlex
from dataclasses import dataclass

from orchestrator.driver.trial_rows import read_trials
from orchestrator.errors import InvalidRequest
from results import PathMissing, Store
from results.sweeps.run_progress import read_run_progress
from results.sweeps.trial_list import trial_list
from results.sweeps.trial_logs import TrialLog, read_trial_log


@dataclass(frozen=True)
class TrialReport:
    """A trial as ``logs`` shows it."""

    label: str
    log: TrialLog
    texts: dict[str, str]
    """Name of a step -> what it logged."""
    places: dict[str, str]
    """Name of a step -> where that lies: a file, or a path in the bucket."""
    command: str
    """Runs the trial once more, in one process, into a store of its own."""


def trial_report(store: Store, sweep_id: str, number: int) -> TrialReport:
    """Return the report of a trial that has ended.

    Raises ``InvalidRequest`` for a trial that has not, and for one that left no log.
    """
    numbers = [row["number"] for row in read_trials(store, sweep_id)]
    if number not in numbers:
        raise InvalidRequest(_absent(store, sweep_id, number, numbers))
    log = read_trial_log(store, sweep_id, number)
    if log is None:
        raise InvalidRequest(f"trial {number} of sweep {sweep_id} has no log: an older version ran it")
    paths = {step.name: step.log for step in log.steps if step.log}
    texts = {name: _text(store, path) for name, path in paths.items()}
    row = next(row for row in trial_list(store, sweep_id) if row["number"] == number)
    return TrialReport(
        row["label"],
        log,
        {name: text for name, text in texts.items() if text is not None},
        {name: store.address.shown(path) for name, path in paths.items()},
        _command(store, sweep_id, number),
    )


def _absent(store: Store, sweep_id: str, number: int, ended: list[int]) -> str:
    """Return why there is nothing to report of a trial, and what to look at instead."""
    progress = read_run_progress(store, sweep_id)
    running = progress is not None and progress.outcome is None and progress.trials
    if running and number in [trial.number for trial in running]:
        return (
            f"trial {number} of sweep {sweep_id} has not ended; "
            f"see its steps with: {shlex.join(['tldmi-sweep', 'status', store.uri])}"
        )
    close = difflib.get_close_matches(str(number), map(str, ended), 1)
    hint = f", the nearest is {close[0]}" if close else ""
    return f"sweep {sweep_id} has no ended trial {number}: it has {len(ended)}{hint}"


def _command(store: Store, sweep_id: str, number: int) -> str:
    words = ["tldmi-sweep", "retry", store.uri, str(number), "--sweep", sweep_id]
    return shlex.join([*words, "--into", f"reproduced-{number}", "--executor", "inline"])


def _text(store: Store, path: str) -> str | None:
    try:
        return store.get_bytes(path).decode(errors="replace")
    except PathMissing:
        return None
