"""``tldmi-sweep plan``: what a sweep would do."""

import click

from orchestrator.commands.options import as_json, print_json
from orchestrator.selection import Selection, sweep_options


@click.command()
@sweep_options
@as_json
def plan(selection: Selection, as_json: bool) -> None:
    """Say what a sweep would do and about what it costs; start nothing."""
    from orchestrator.plan import make_plan
    from orchestrator.screens import console, plan_lines, plan_table
    from orchestrator.sweep import prepared_sweep

    space, setup = selection.load()
    found = make_plan(prepared_sweep(space, setup, selection.threads), selection.store_uri(space, setup))
    if as_json:
        print_json(found.as_dict())
        return
    for line in plan_lines(found):
        click.echo(line)
    console().print(plan_table(found))
