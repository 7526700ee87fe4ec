"""The command ``tldmi-sweep``. Imports no torch and no ray: they are imported when a sweep runs."""

from typing import Any

import click

from orchestrator.commands import COMMANDS
from orchestrator.commands.options import add_quiet
from orchestrator.errors import ExitCode, SweepError, exit_code


class SweepGroup(click.Group):
    """Runs a sweep when no command is named, and turns our errors into messages and exit codes."""

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
    tldmi-sweep plan --space bido_vs_tldmi     what it would do, and about what it costs

    Running the same command again continues the sweep. Exit codes: 0 done, 2 invalid input, 3 finished with
    failed trials, 4 stopped and resumable, 5 store or cluster unreachable, 130 interrupted.
    """


for command in COMMANDS:
    add_quiet(command)
    main.add_command(command)
