"""``tldmi-sweep completion``: what a shell needs to complete the commands."""

import click
from click.shell_completion import get_completion_class

NAME = "tldmi-sweep"
VARIABLE = "_TLDMI_SWEEP_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash   echo 'eval "$(tldmi-sweep completion bash)"' >> ~/.bashrc
    zsh    echo 'eval "$(tldmi-sweep completion zsh)"' >> ~/.zshrc
    fish   tldmi-sweep completion fish > ~/.config/fish/completions/tldmi-sweep.fish
    """
    completer = get_completion_class(shell)
    if completer is None:
        raise click.UsageError(f"click has no completion for {shell}")
    click.echo(completer(click.get_current_context().find_root().command, {}, NAME, VARIABLE).source())
