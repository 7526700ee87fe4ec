"""Options and output that several commands share."""

import contextlib
import functools
import io
import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from orchestrator.completion import complete_store, complete_sweep
from orchestrator.errors import ExitCode
from orchestrator.selection import STORE_VARIABLE

if TYPE_CHECKING:
    from orchestrator.documents.document import AnyDocument
    from results import UnreadablePart

MOST_NAMED = 10
"""Unreadable parts named one by one."""

_STDOUT = "tldmi-sweep.stdout"

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
which_sweep = click.option(
    "--sweep",
    help="Sweep of the store: the beginning of its id.  [default: the latest]",
    shell_complete=complete_sweep,
)
replace_file = click.option("--force", is_flag=True, help="Replace the file if it exists.")
wait_option = click.option("--wait", is_flag=True, help="Wait until the driver has ended.")
store_option = click.option(
    "--store",
    metavar="FOLDER",
    envvar=STORE_VARIABLE,
    show_envvar=True,
    help="Store to read: a folder or s3://BUCKET/PREFIX.  [default: the only one under runs]",
    shell_complete=complete_store,
)


def store_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its ``store``: as an argument, or as ``--store`` as ``run`` has it, but not both."""

    @functools.wraps(function)
    def _with_store(*, positional: str | None, store: str | None, **others: Any) -> Any:  # noqa: ANN401
        context = click.get_current_context()
        given = context.get_parameter_source("store") is click.core.ParameterSource.COMMANDLINE
        if positional and given and positional != store:
            raise click.UsageError(f"two stores are named, {positional} and {store}: give one")
        return function(store=positional or store, **others)

    argument = click.argument("positional", metavar="[STORE]", required=False, shell_complete=complete_store)
    return argument(store_option(_with_store))


def add_quiet(command: click.Command) -> None:
    """Give every command that has ``--json``, and no ``--quiet`` of its own, that option."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            add_quiet(inner)
    names = {parameter.name for parameter in command.params}
    if "as_json" in names and "quiet" not in names:
        command.params.append(
            click.Option(
                ["--quiet"],
                is_flag=True,
                expose_value=False,
                callback=_be_quiet,
                help="Print only errors, and with --json the document.",
            )
        )


def _be_quiet(context: click.Context, _parameter: click.Parameter, quiet: bool) -> None:
    if quiet:
        context.meta[_STDOUT] = sys.stdout
        context.with_resource(contextlib.redirect_stdout(io.StringIO()))


def exit_for_unreadable(parts: Sequence["UnreadablePart"]) -> None:
    """Name the parts that could not be read, and leave with the exit code that says so; else do nothing."""
    if not parts:
        return
    click.echo(f"warning: {len(parts)} part(s) of the store could not be read and were skipped:", err=True)
    for part in parts[:MOST_NAMED]:
        click.echo(f"  {part.path}: {part.reason}", err=True)
    if len(parts) > MOST_NAMED:
        click.echo(f"  and {len(parts) - MOST_NAMED} more", err=True)
    click.get_current_context().exit(ExitCode.FAILED_TRIALS)


def print_json(document: "AnyDocument") -> None:
    """Print ``document`` as the only thing on standard output; raises ``ValueError`` for NaN."""
    file = click.get_current_context().meta.get(_STDOUT)
    click.echo(json.dumps(document.model_dump(mode="json"), indent=1, allow_nan=False), file=file)
