"""``tldmi-sweep compare``: two sweeps, or two configurations of one."""

import click

from orchestrator.commands.options import as_json, exit_for_unreadable, print_json, store_option, which_sweep
from orchestrator.completion import complete_store


@click.command()
@click.argument("first", metavar="A", shell_complete=complete_store)
@click.argument("second", metavar="B", shell_complete=complete_store)
@store_option
@which_sweep
@as_json
def compare(first: str, second: str, store: str | None, sweep: str | None, as_json: bool) -> None:
    """Compare two sweeps, or two configurations of one: fronts, hypervolume, paired differences.

    \b
    compare runs/a runs/b               the latest sweeps of two stores; STORE#SWEEP for another
    compare 3f2a 9b01 --store runs/a    two sweeps of one store, by the beginnings of their ids
    compare tl_dmi no_def               two configurations of a sweep: kind, label or config_id
    """
    from orchestrator.comparing import compare_named
    from orchestrator.screens.comparison import HOW_TO_READ, comparison_lines, comparison_table
    from orchestrator.screens.tables import console

    compared = compare_named(first, second, store, sweep)
    if as_json:
        from orchestrator.documents.compare import compare_document

        print_json(compare_document(compared))
        exit_for_unreadable(compared.unreadable)
        return
    for line in comparison_lines(compared):
        click.echo(line)
    console().print(comparison_table(compared))
    click.echo(HOW_TO_READ)
    exit_for_unreadable(compared.unreadable)
