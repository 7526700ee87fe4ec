"""``tldmi-sweep gc``: remove what no row of a store refers to, and merge its small files."""

import errno
from typing import TYPE_CHECKING, cast

import click

from orchestrator.commands.options import as_json, print_json, store_argument
from orchestrator.errors import InvalidRequest
from orchestrator.selection import chosen_store, plugin_option

if TYPE_CHECKING:
    from orchestrator.driver.garbage import Collected, Keep

NOT_OURS = (errno.EROFS, errno.EACCES, errno.EPERM)
"""A full disk is not among them: freeing it is what the command is for."""


@click.command()
@store_argument
@click.option("--dry-run", is_flag=True, help="Only list the files to remove and to merge.")
@click.option(
    "--keep",
    type=click.Choice(["all", "front", "none"]),
    default="all",
    show_default=True,
    help="Which targets of finished trials keep their weights: all, the front and No-Def, or none. "
    "A target is trained again when its removed weights are needed.",
)
@click.option("--unfinished", is_flag=True, help="Also remove files that only unfinished sweeps need.")
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="HOURS",
    help="Keep files that are younger than this.",
)
@plugin_option(expose_value=False)
@as_json
def gc(
    store: str | None, dry_run: bool, keep: str, unfinished: bool, older_than: float, as_json: bool
) -> None:
    """Remove files that no row refers to, and merge small files. Refused while a sweep of the store runs."""
    from orchestrator.driver.garbage import collect
    from results.stores.opening import open_store

    opened = open_store(chosen_store(store))
    try:
        collected = collect(opened, cast("Keep", keep), unfinished, older_than * 3600, dry_run)
    except OSError as error:
        if error.errno not in NOT_OURS:
            raise
        raise InvalidRequest(
            f"cannot change the store {opened.uri}: {error.strerror}; --dry-run changes no file"
        ) from error
    if as_json:
        from orchestrator.documents.gc import GcDocument
        from results.stores.garbage import totals

        print_json(GcDocument.of(opened.uri, dry_run, totals(collected.garbage), collected.merged))
        return
    for line in _lines(collected, dry_run):
        click.echo(line)


def _lines(collected: "Collected", dry_run: bool) -> list[str]:
    from results.stores.garbage import totals

    would = "would be " if dry_run else ""
    lines = [
        f"{total.files:7} {total.bytes / 1e6:10.1f} MB  {kind}"
        for kind, total in totals(collected.garbage).items()
    ]
    size = sum(one.size for one in collected.garbage) / 1e6
    removed = (
        f"{len(collected.garbage)} files, {size:.1f} MB {would}removed" if lines else "nothing to remove"
    )
    merged = [f"{one.parts} files of {one.table} {would}merged into one" for one in collected.merged]
    return [*lines, removed, *merged]
