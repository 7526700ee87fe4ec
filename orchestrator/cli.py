"""The command ``tldmi-sweep``. Imports no torch and no ray: they are imported when a sweep runs."""

import io
import os
import sys
from typing import Any, TextIO

import click
from click.shell_completion import CompletionItem

from orchestrator.commands import COMMANDS, load_command
from orchestrator.commands.group import CommandGroup
from orchestrator.errors import ExitCode, SweepError, exit_code
from results.stores.full_disk import NO_ROOM


def print_any_character() -> None:
    """Let standard output and error print a character that their encoding lacks as its escape.

    Names of configurations hold Greek letters, reasons of failures whatever a file is called: without this
    they end a command with a traceback where the locale is not UTF-8.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def output_lost(error: OSError) -> ExitCode:
    """Say that what a command prints found no room, drop the rest of it, and return the exit code."""
    _drop_what_is_left(sys.stdout)
    try:
        click.echo(f"error: the output cannot be written: {error.strerror}; free some space", err=True)
    except OSError:
        _drop_what_is_left(sys.stderr)
    return ExitCode.UNREACHABLE


def _drop_what_is_left(stream: TextIO) -> None:
    """Send what a stream still holds to nowhere, else Python tries again at its end and ends with 120."""
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), stream.fileno())


class SweepGroup(CommandGroup):
    """Runs a sweep when no command is named, and turns our errors into messages and exit codes.

    A command is imported when it is used; the list of commands needs none.
    """

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  (click's signature)
        """Run the command line, on a terminal of whatever encoding and a file on whatever disk."""
        print_any_character()
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            sys.exit(output_lost(error))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now; ``None`` for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self.commands:
            from orchestrator.commands.options import add_quiet

            self.commands[cmd_name] = load_command(cmd_name)
            add_quiet(self.commands[cmd_name])
        return self.commands[cmd_name]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.line) for name, place in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands and options that begin so."""
        named = [
            CompletionItem(name, help=place.line)
            for name, place in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return named + click.Command.shell_complete(self, ctx, incomplete)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read ``--space X`` as ``run --space X``."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0].startswith("-") and args[0] not in own:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  (click's signature)
        """Run the command; say what is wrong in one message instead of a traceback."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            reason = f": {error}" if str(error) else ""
            click.echo(f"stopped{reason}; the same command resumes the sweep", err=True)
            ctx.exit(exit_code(error))
        except (SweepError, ValueError) as error:
            code = exit_code(error)
            if code is ExitCode.UNEXPECTED:
                raise
            click.echo(f"error: {error}", err=True)
            ctx.exit(code)


@click.group(cls=SweepGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tldmi-sweep")
def main() -> None:
    """Sweep defences of image classifiers against model inversion.

    \b
    tldmi-sweep --space bido_vs_tldmi          run a sweep (the same as: run --space ...)
    tldmi-sweep plan --space bido_vs_tldmi     its trials, and an estimate of its cost

    The same command resumes the sweep. Exit codes: 0 done, 2 invalid input, 3 finished with
    failed trials, 4 stopped and resumable, 5 store or cluster unreachable, 130 interrupted.
    """
