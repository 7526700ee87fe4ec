"""``tldmi-sweep status``: how far a sweep has come."""

import click

from orchestrator.commands.options import as_json, print_json, store_argument, which_sweep
from orchestrator.selection import chosen_store


@click.command()
@store_argument
@which_sweep
@as_json
def status(store: str | None, sweep: str | None, as_json: bool) -> None:
    """Say how far a sweep has come: done, failed, left, and the front so far."""
    from orchestrator.screens import console, front_table, status_lines
    from results.sweep_status import status as sweep_status

    found = sweep_status(chosen_store(store), sweep)
    if as_json:
        print_json(found.as_dict())
        return
    for line in status_lines(found):
        click.echo(line)
    if found.front:
        console().print(front_table(found.front))
