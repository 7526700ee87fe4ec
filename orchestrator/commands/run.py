"""``tldmi-sweep run``, also written without its name: run a sweep, then write its report."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from orchestrator.commands.execution import execution_options, say_stopped, screen_listeners
from orchestrator.commands.options import as_json, print_json
from orchestrator.redaction import redact
from orchestrator.selection import Selection, sweep_options

if TYPE_CHECKING:
    from orchestrator.driver.sweep import Execution, SweepOutcome

STORAGE_VARIABLE = "TLDMI_SWEEP_OPTUNA_STORAGE"
"""May name the storage, password and all: the arguments of a process are seen by everybody on its machine."""


def without_password(context: click.Context, parameter: click.Parameter, place: str | None) -> str | None:
    """Return the storage; raises a usage error for a password on the command line."""
    given = context.get_parameter_source(str(parameter.name)) is click.core.ParameterSource.COMMANDLINE
    if place and given and urlsplit(place).password:
        raise click.UsageError(
            f"every user of this machine could read the password in --optuna-storage {redact(place)}: "
            f"give the URL in {STORAGE_VARIABLE}"
        )
    return place


@click.command()
@sweep_options
@execution_options
@click.option("--retry-failed", is_flag=True, help="Also run trials again that failed before.")
@click.option(
    "--optuna-storage",
    metavar="FILE|URL",
    envvar=STORAGE_VARIABLE,
    show_envvar=True,
    callback=without_password,
    help="Mirror the search for optuna-dashboard: a journal file, or a database URL.",
)
@as_json
def run(
    selection: Selection,
    execution: "Execution",
    retry_failed: bool,
    optuna_storage: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Run a sweep, then write its report and front into the store."""
    from orchestrator.driver.credits import credit_lines
    from orchestrator.driver.outputs import write_outputs
    from orchestrator.driver.sweep import run_sweep

    space, setup = selection.load()
    outcome = run_sweep(
        space,
        setup,
        selection.store_uri(space, setup),
        replace(execution, optuna_storage=optuna_storage),
        threads=selection.threads,
        listeners=screen_listeners(quiet),
        retry_failed=retry_failed,
        command=selection.command,
    )
    outputs = write_outputs(outcome.store_uri, outcome.sweep_id, outcome.ran)
    if as_json:
        from orchestrator.documents.run import RunDocument

        print_json(RunDocument.of(outcome, outputs))
    else:
        _print_outcome(outcome, outputs, credit_lines(setup))
    say_stopped(outcome, selection.command)
    click.get_current_context().exit(outcome.exit_code)


def _print_outcome(outcome: "SweepOutcome", outputs: list[Path], credits: Sequence[str]) -> None:
    from orchestrator.screens.runs import finding_lines
    from orchestrator.screens.tables import ON_THE_FRONT, console, front_table
    from results import load

    if not outcome.ran and not outcome.stopped:
        trials = outcome.done + outcome.failed
        click.echo(f"nothing to do: all {trials} trials of this sweep are in the store")
    summary = load(outcome.store_uri).summary(outcome.sweep_id)
    console().print(front_table(summary.configurations, summary.controls))
    for line in [ON_THE_FRONT, *finding_lines(summary)]:
        click.echo(line)
    for failure in summary.failures:
        click.echo(f"failed trial {failure.number} ({failure.role}), {failure.label}: {failure.reason}")
    for note in outcome.notes:
        click.echo(f"note: {note}")
    click.echo(f"data and weights: {'; '.join(credits)}")
    click.echo(f"report: {outputs[0]}")
