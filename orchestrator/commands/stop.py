"""``tldmi-sweep stop``: let a sweep that runs elsewhere finish its running trials and end."""

import click

from orchestrator.commands.options import as_json, store_argument, wait_option, which_sweep


@click.command()
@store_argument
@which_sweep
@wait_option
@as_json
def stop(store: str | None, sweep: str | None, wait: bool, as_json: bool) -> None:
    """Let the running trials of a sweep end, then end it; the same command that ran it goes on.

    Works from any machine that reaches the store. The driver ends with exit code 4.
    """
    from orchestrator.commands.ending import end_run

    end_run("stop", store, sweep, wait, as_json)
