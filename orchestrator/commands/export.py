"""``tldmi-sweep report`` and ``export``: a sweep as a page, a table or a figure."""

from pathlib import Path

import click

from orchestrator.commands.options import (
    as_json,
    exit_for_unreadable,
    print_json,
    replace_file,
    store_argument,
    which_sweep,
)
from orchestrator.selection import chosen_store, plugin_option


@click.command()
@store_argument
@click.option("-o", "--output", default="report.html", show_default=True, help="File to write.")
@click.option(
    "--with-private-images",
    is_flag=True,
    help="Show private training pictures beside the reconstructions. The report is then private data.",
)
@which_sweep
@replace_file
@plugin_option(expose_value=False)
@as_json
def report(
    store: str | None, output: str, with_private_images: bool, sweep: str | None, force: bool, as_json: bool
) -> None:
    """Write the report of a sweep: one HTML file that works offline."""
    if Path(output).suffix != ".html":
        raise click.UsageError(f"a report is an HTML file: give a name that ends in .html, not {output!r}")
    _export(chosen_store(store), output, sweep, force, as_json, with_private_images)


@click.command()
@store_argument
@click.option(
    "--to",
    "output",
    required=True,
    metavar="FILE",
    help=".csv .parquet .json .tex hold the configurations, .png .svg .pdf the front, .html the report.",
)
@which_sweep
@replace_file
@plugin_option(expose_value=False)
@as_json
def export(store: str | None, output: str, sweep: str | None, force: bool, as_json: bool) -> None:
    """Write the table of configurations or the figure of the front to a file.

    Parts of the store that cannot be read are named and left out; the exit code is then 3.
    """
    _export(chosen_store(store), output, sweep, force, as_json)


def _export(
    store: str,
    output: str,
    sweep: str | None,
    force: bool,
    as_json: bool,
    with_private_images: bool = False,
) -> None:
    from orchestrator.search.importance import present_importances
    from results.exports.exporting import check_place
    from results.exports.exporting import export as write_export
    from results.reader import load

    opened = load(store)
    check_place(output, force=force)
    pictures = None
    if with_private_images:
        from orchestrator.private_images import private_images

        pictures = private_images(opened.store, opened.summary(sweep))
    page = Path(output).suffix == ".html"
    importances = present_importances(opened.store, opened.summary(sweep)) if page else None
    written = write_export(
        opened, output, sweep, force=force, private_images=pictures, importances=importances
    )
    unreadable = opened.unreadable_parts()
    if as_json:
        from orchestrator.documents.export import WrittenDocument
        from orchestrator.documents.status import UnreadableDocument

        print_json(
            WrittenDocument(
                sweep_id=opened.summary(sweep).sweep_id,
                store=opened.store.uri,
                file=str(written),
                unreadable_parts=[UnreadableDocument(**part._asdict()) for part in unreadable],
            )
        )
    else:
        click.echo(str(written))
    exit_for_unreadable(unreadable)
