"""``tldmi-sweep trials``: the trials of a sweep, filtered and sorted."""

import csv
import sys
from typing import Any

import click

from orchestrator.commands.options import as_json, print_json, store_argument, which_sweep
from orchestrator.selection import chosen_store

NONE_YET = "no trial has ended yet"


@click.command()
@store_argument
@which_sweep
@click.option("--failed", is_flag=True, help="Only trials that failed.")
@click.option(
    "--where",
    multiple=True,
    metavar="CONDITION",
    help='A condition such as "defense=tl_dmi" or "acc>=0.9"; may be given several times.',
)
@click.option("--sort", metavar="COLUMN", help="Order by a column such as worst_att_acc.  [default: number]")
@click.option("--descending", is_flag=True, help="Print the largest value first.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a CSV table with every column.")
@as_json
def trials(
    store: str | None,
    sweep: str | None,
    failed: bool,
    where: tuple[str, ...],
    sort: str | None,
    descending: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List the ended trials of a sweep; accuracies are fractions in CSV and JSON."""
    if as_csv and as_json:
        raise click.UsageError("give --csv or --json, not both")
    from results import open_store
    from results.sweeps.record import chosen_sweep
    from results.sweeps.trial_list import COLUMNS, filter_rows, sort_rows, trial_list, values_meant

    opened = open_store(chosen_store(store))
    sweep_id = chosen_sweep(opened, sweep)
    conditions = [*where, *(["state=failed"] if failed else [])]
    ended = trial_list(opened, sweep_id)
    rows = sort_rows(filter_rows(ended, conditions), sort or "number", descending)
    if as_json:
        from orchestrator.documents.trials import TrialRow, TrialsDocument

        listed = [TrialRow(**row) for row in rows]
        print_json(TrialsDocument(sweep_id=sweep_id, store=opened.uri, trials=listed))
    elif as_csv:
        table = csv.DictWriter(sys.stdout, list(ended[0]) if ended else COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    else:
        _print(rows, "; ".join(["no trial matches", *values_meant(ended, where)]) if ended else NONE_YET)


def _print(rows: list[dict[str, Any]], without: str) -> None:
    from orchestrator.screens.runs import trial_table
    from orchestrator.screens.tables import console

    if not rows:
        click.echo(without)
        return
    console().print(trial_table(rows))
