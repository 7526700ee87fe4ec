"""``tldmi-sweep retry``: run failed trials again, or any trial once more elsewhere."""

from typing import TYPE_CHECKING

import click

from orchestrator.commands.execution import execution_options, say_stopped, screen_listeners
from orchestrator.commands.options import as_json, print_json, which_sweep
from orchestrator.selection import plugin_option

if TYPE_CHECKING:
    from orchestrator.driver.sweep import Execution, SweepOutcome


@click.command()
@click.argument("store")
@click.argument("trials", nargs=-1, type=click.IntRange(min=0), metavar="[TRIAL]...")
@click.option("--failed", is_flag=True, help="All failed trials; the default when no trial is given.")
@click.option(
    "--into",
    metavar="STORE",
    help="Run the given trials, failed or not, once more into another store, to reproduce them.",
)
@which_sweep
@plugin_option(expose_value=False)
@execution_options
@as_json
def retry(
    store: str,
    trials: tuple[int, ...],
    failed: bool,
    into: str | None,
    sweep: str | None,
    execution: "Execution",
    quiet: bool,
    as_json: bool,
) -> None:
    """Run failed trials of a sweep again: all of them, or those with the given numbers.

    If a driver runs the sweep, that driver runs the trials again after all other trials. Afterwards, the
    sweep's own command continues from the new rows.
    """
    if failed and trials:
        raise click.UsageError("give trial numbers or --failed, not both")
    if into and not trials:
        raise click.UsageError("--into needs trial numbers: give them after the store")
    from orchestrator.driver.sweep import reproduce_trials, retry_trials
    from orchestrator.locks import sweep_holder
    from results import open_store
    from results.sweeps.record import chosen_sweep

    opened = open_store(store)
    sweep_id = chosen_sweep(opened, sweep)
    if not into and (holder := sweep_holder(opened.address, sweep_id)):
        _leave(opened.uri, sweep_id, trials, str(holder.get("run")), as_json)
        return
    listeners = screen_listeners(quiet)
    if into:
        outcome = reproduce_trials(opened.uri, sweep_id, trials, into, execution, listeners)
    else:
        outcome = retry_trials(opened.uri, sweep_id, trials or None, execution, listeners)
    _say(outcome, as_json)
    click.get_current_context().exit(outcome.exit_code)


def _leave(store_uri: str, sweep_id: str, trials: tuple[int, ...], run: str, as_json: bool) -> None:
    """Ask the driver that runs the sweep to run its failed trials again in the end."""
    from orchestrator.driver.requests import ask_to_retry
    from orchestrator.driver.retries import failed_trials
    from orchestrator.provenance import read_settings
    from results import open_store

    store = open_store(store_uri)
    chosen = failed_trials(store, read_settings(store, sweep_id), trials or None)
    numbers = [proposal.number for proposal in chosen]
    ask_to_retry(store, sweep_id, numbers, run)
    if as_json:
        from orchestrator.documents.retry import RetryAskedDocument

        print_json(RetryAskedDocument(sweep_id=sweep_id, store=store_uri, asked="retry", trials=numbers))
    else:
        listed = ", ".join(map(str, numbers)) or "none has failed"
        click.echo(f"the driver of sweep {sweep_id} will run these trials again after all others: {listed}")


def _say(outcome: "SweepOutcome", as_json: bool) -> None:
    from orchestrator.driver.outputs import write_outputs

    outputs = write_outputs(outcome.store_uri, outcome.sweep_id, outcome.ran)
    if as_json:
        from orchestrator.documents.run import RunDocument

        print_json(RunDocument.of(outcome, outputs))
    elif not outcome.done and not outcome.failed:
        click.echo("nothing to do: no trial of this sweep has failed")
    else:
        click.echo(f"ran {outcome.ran} trials again: {outcome.done} done, {outcome.failed} failed")
    say_stopped(outcome, "the same command")
