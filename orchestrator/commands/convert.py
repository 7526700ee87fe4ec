"""``tldmi-sweep convert``: a published checkpoint as weights that settings can name."""

from pathlib import Path

import click

from orchestrator.commands.options import replace_file


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--architecture", required=True, help="Architecture of the weights, for example vgg16.")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="File to write, .safetensors."
)
@replace_file
def convert(source: Path, architecture: str, output: Path, force: bool) -> None:
    """Turn a published checkpoint into a .safetensors file that settings can name.

    Nothing in SOURCE is executed. Weights that do not fit the architecture are refused, with their names.
    """
    if output.suffix != ".safetensors":
        raise click.UsageError(f"give an output file that ends in .safetensors, not {output}")
    if output.exists() and not force:
        raise click.UsageError(f"{output} exists already; add --force to replace it, or name another file")
    from trainables.conversion import convert_checkpoint

    click.echo(str(convert_checkpoint(source, architecture, output)))
