"""``tldmi-sweep logs``: what is known of one trial, and how to reproduce it."""

import click

from orchestrator.commands.options import as_json, print_json, store_argument, which_sweep
from orchestrator.selection import chosen_store


@click.command()
@click.argument("trial", type=click.IntRange(min=0))
@store_argument
@which_sweep
@click.option(
    "--lines", type=click.IntRange(min=0), default=40, show_default=True, help="Last lines of each log."
)
@as_json
def logs(trial: int, store: str | None, sweep: str | None, lines: int, as_json: bool) -> None:
    """Show a trial: its steps with times and reasons, their logs, its configuration, and the command that
    reproduces it in one process."""
    from orchestrator.screens.runs import trial_log_lines
    from orchestrator.trial_report import trial_report
    from results import open_store
    from results.sweeps.record import chosen_sweep

    opened = open_store(chosen_store(store))
    report = trial_report(opened, chosen_sweep(opened, sweep), trial)
    if as_json:
        from orchestrator.documents.logs import LogsDocument

        print_json(LogsDocument.of(report))
        return
    for line in trial_log_lines(report, lines):
        click.echo(line)
