"""``tldmi-sweep spaces``: the shipped search spaces, and the user's own."""

from pathlib import Path

import click

from orchestrator.commands.options import as_json, print_json
from search_spaces import load_setup, load_space, space_names
from search_spaces.loading import shipped_text


@click.group()
def spaces() -> None:
    """Look at the shipped search spaces, and check your own."""


@spaces.command("list")
@as_json
def list_spaces(as_json: bool) -> None:
    """List the shipped spaces."""
    found = {name: load_space(name).description for name in space_names()}
    if as_json:
        print_json(found)
        return
    for name, description in found.items():
        click.echo(f"{name}: {description}")


@spaces.command("show")
@click.argument("name")
def show_space(name: str) -> None:
    """Print the YAML of a shipped space: a start for your own."""
    load_space(name)
    shipped = name in space_names()
    click.echo(shipped_text("spaces", name) if shipped else Path(name).read_text("utf-8"), nl=False)


@spaces.command("validate")
@click.argument("file")
@click.option("--data", help="Data setup to check it against.  [default: the space's own]")
def validate_space(file: str, data: str | None) -> None:
    """Check a space file; print all errors at once."""
    from orchestrator.listed import search_trials
    from orchestrator.space_checks import check_space
    from search_spaces import Sweep

    space = load_space(file)
    sweep = Sweep(space=space, setup=load_setup(data or space.setup))
    check_space(sweep)
    click.echo(f"{file}: valid, {search_trials(sweep)} trials on {sweep.setup.name}")
