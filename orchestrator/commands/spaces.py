"""``tldmi-sweep spaces``: the shipped search spaces, and the user's own."""

from pathlib import Path

import click

from orchestrator.commands.group import CommandGroup
from orchestrator.commands.options import as_json, print_json, replace_file
from orchestrator.completion import complete_data, complete_shipped, complete_space
from orchestrator.errors import ExitCode
from orchestrator.selection import plugin_option
from search_spaces.shipped import setup_names, space_names

BESIDE_A_SETUP = "bido_vs_tldmi"
"""The space of the command that is shown for a setup of the user's own."""


@click.group(cls=CommandGroup)
def spaces() -> None:
    """List and show the shipped search spaces, copy one to edit, and check your own."""


@spaces.command("list")
@as_json
def list_spaces(as_json: bool) -> None:
    """List the shipped spaces."""
    from search_spaces import load_space

    descriptions = {name: load_space(name).description for name in space_names()}
    if as_json:
        from orchestrator.documents.spaces import SpacesListDocument

        print_json(SpacesListDocument(descriptions))
        return
    for name, description in descriptions.items():
        click.echo(f"{name}: {description}")


@spaces.command("show")
@click.argument("name", shell_complete=complete_space)
@plugin_option(expose_value=False)
@as_json
def show_space(name: str, as_json: bool) -> None:
    """Show what a space varies and which attacks it runs; NAME is a shipped space or a YAML file."""
    from search_spaces import load_space

    space = load_space(name)
    if as_json:
        from orchestrator.documents.spaces import SpacesShowDocument

        print_json(SpacesShowDocument(space))
        return
    from orchestrator.screens.space import space_lines

    for line in space_lines(space):
        click.echo(line)


@spaces.command("copy")
@click.argument("name", shell_complete=complete_shipped)
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@replace_file
def copy_space(name: str, file: Path | None, force: bool) -> None:
    """Print the YAML of a shipped space or setup, or write it to FILE, as a start for your own."""
    from search_spaces.loading import read_text

    is_setup = name in setup_names()
    text, _ = read_text(name, "setups" if is_setup else "spaces")
    if file is None:
        click.echo(text, nl=False)
        return
    if file.suffix not in {".yaml", ".yml"}:
        raise click.UsageError(f"the copy is a YAML file: give a name that ends in .yaml, not {str(file)!r}")
    if file.exists() and not force:
        raise click.UsageError(f"{file} exists already; add --force to replace it, or name another file")
    try:
        file.write_text(text.replace(f"--space {name}\n", f"--space {file}\n", 1), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}") from error
    then = f"plan --space {BESIDE_A_SETUP} --data {file}" if is_setup else f"spaces validate {file}"
    click.echo(f"{file}: edit it, then tldmi-sweep {then}")


@spaces.command("validate")
@click.argument("file", shell_complete=complete_space)
@click.option(
    "--data",
    help="Setup to check the space with.  [default: the space's own]",
    shell_complete=complete_data,
)
@plugin_option(expose_value=False)
@as_json
def validate_space(file: str, data: str | None, as_json: bool) -> None:
    """Check a space file; print all errors at once, each with its line and the allowed values."""
    from orchestrator.checks.validation import validate_file

    valid = validate_file(file, data)
    if as_json:
        from orchestrator.documents.spaces import SpacesValidateDocument

        print_json(SpacesValidateDocument.model_validate(valid, from_attributes=True))
    elif valid.valid:
        click.echo(f"{file}: valid, {valid.trials} trials on {valid.setup}")
    else:
        click.echo(f"error: {valid.message}", err=True)
    click.get_current_context().exit(ExitCode.DONE if valid.valid else ExitCode.INVALID)
