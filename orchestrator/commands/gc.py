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
@click.option("--dry-run", is_flag=True, help="Only say what would be removed and merged.")
@click.option(
    "--keep",
    type=click.Choice(["all", "front", "none"]),
    default="all",
    show_default=True,
    help="Whose weights stay, of targets whose trials are done: all, those on the front and No-Def, or none. "
    "T is trained again when its weights are needed and gone.",
)
@click.option("--unfinished", is_flag=True, help="Remove also what only unfinished sweeps would need.")
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="HOURS",
    help="Leave what was written since.",
)
@plugin_option(expose_value=False)
@as_json
def gc(
    store: str | None, dry_run: bool, keep: str, unfinished: bool, older_than: float, as_json: bool
) -> None:
    """Remove what no row refers to, and merge small files. Refused while a sweep of the store runs."""
    from orchestrator.driver.garbage import collect
    from results.stores.opening import open_store

    opened = open_store(chosen_store(store))
    try:
        found = collect(opened, cast("Keep", keep), unfinished, older_than * 3600, dry_run)
    except OSError as error:
        if error.errno not in NOT_OURS:
            raise
        raise InvalidRequest(
            f"cannot change the store {opened.uri}: {error.strerror}; --dry-run only looks"
        ) from error
    if as_json:
        from orchestrator.documents.gc import GcDocument
        from results.stores.garbage import totals

        print_json(GcDocument.of(opened.uri, dry_run, totals(found.garbage), found.merged))
        return
    for line in _lines(found, dry_run):
        click.echo(line)


def _lines(found: "Collected", dry_run: bool) -> list[str]:
    from results.stores.garbage import totals

    would = "would be " if dry_run else ""
    lines = [
        f"{total.files:7} {total.bytes / 1e6:10.1f} MB  {kind}"
        for kind, total in totals(found.garbage).items()
    ]
    size = sum(one.size for one in found.garbage) / 1e6
    removed = f"{len(found.garbage)} files, {size:.1f} MB {would}removed" if lines else "nothing to remove"
    merged = [f"{one.parts} files of {one.table} {would}merged into one" for one in found.merged]
    return [*lines, removed, *merged]
