"""``tldmi-sweep report`` and ``export``: a sweep as a page, a table or a figure."""

from pathlib import Path

import click

from orchestrator.commands.options import replace_file, store_argument, which_sweep
from orchestrator.selection import chosen_store


@click.command()
@store_argument
@click.option("-o", "--output", default="report.html", show_default=True, help="File to write.")
@which_sweep
@replace_file
def report(store: str | None, output: str, sweep: str | None, force: bool) -> None:
    """Write the report of a sweep: one HTML page that works offline."""
    if Path(output).suffix != ".html":
        raise click.UsageError(f"a report is a page: give a name that ends in .html, not {output!r}")
    _export(chosen_store(store), output, sweep, force)


@click.command()
@store_argument
@click.option("--to", "output", required=True, metavar="FILE", help=".csv .parquet .json .tex .png or .html.")
@which_sweep
@replace_file
def export(store: str | None, output: str, sweep: str | None, force: bool) -> None:
    """Write the table of configurations or the figure of the front to a file."""
    _export(chosen_store(store), output, sweep, force)


def _export(store: str, output: str, sweep: str | None, force: bool) -> None:
    from results.exporting import export as write_export
    from results.reader import load

    click.echo(str(write_export(load(store), output, sweep, force=force)))
