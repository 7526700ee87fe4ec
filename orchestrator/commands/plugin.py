"""``tldmi-sweep plugin``: start a plugin file, and see what one defines."""

from pathlib import Path

import click

from orchestrator.commands.group import CommandGroup
from orchestrator.skeletons import NOUNS


@click.group(cls=CommandGroup)
def plugin() -> None:
    """Bring a defence, an attack, a data set, ... of your own as one Python file."""


@plugin.command("new")
@click.argument("noun", type=click.Choice(list(NOUNS)), metavar="KIND")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="this folder",
    help="Where the two files go.",
)
def new(noun: str, name: str, folder: Path) -> None:
    """Write a working plugin NAME.py and its test, a start for your own.

    KIND is defense, attack, prior, evaluator, dataset or target.
    """
    from orchestrator.skeletons import write_skeleton

    code, test = write_skeleton(noun, name, folder)
    click.echo(f"{code}: edit it; it works as it is")
    click.echo(f"{test}: the contract that it must keep; run python -m pytest {test}")


@plugin.command("show")
@click.argument("file", metavar="FILE.py")
def show(file: str) -> None:
    """Say which kinds a plugin file defines."""
    from search_spaces.plugins import load_plugin

    for noun, cls in load_plugin(file).classes():
        click.echo(f"{noun} {cls.kind_name()}: {cls.summary()}")
