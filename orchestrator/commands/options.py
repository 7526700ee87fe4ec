"""Options and output that several commands share."""

import json
from typing import Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
store_argument = click.argument("store", required=False)
which_sweep = click.option(
    "--sweep", help="Sweep of the store, by the beginning of its id.  [default: the latest]"
)
replace_file = click.option("--force", is_flag=True, help="Replace the file if it exists.")


def print_json(document: dict[str, Any]) -> None:
    """Print ``document`` as the only thing on standard output; raises ``ValueError`` for NaN."""
    click.echo(json.dumps(document, indent=1, allow_nan=False))
