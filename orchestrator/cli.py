"""The command ``tldmi-sweep``. Imports no torch and no ray: they are imported when a sweep runs."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from orchestrator.errors import ExitCode, SweepError, exit_code
from orchestrator.outputs import write_outputs
from orchestrator.selection import RUNS, Selection, chosen_store, sweep_options
from search_spaces import load_setup, load_space, space_names
from search_spaces.loading import shipped_text

if TYPE_CHECKING:
    from orchestrator.progress import Progress
    from orchestrator.sweep import SweepOutcome


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
            click.echo("stopped; the same command resumes the sweep", err=True)
            ctx.exit(exit_code(error))
        except (SweepError, ValueError) as error:
            code = exit_code(error)
            if code is ExitCode.UNEXPECTED:
                raise
            click.echo(f"error: {error}", err=True)
            ctx.exit(code)


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
store_argument = click.argument("store", required=False)
which_sweep = click.option(
    "--sweep", help="Sweep of the store, by the beginning of its id.  [default: the latest]"
)
replace_file = click.option("--force", is_flag=True, help="Replace the file if it exists.")


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


@main.command()
@sweep_options
@click.option(
    "--executor",
    type=click.Choice(["ray", "inline"]),
    default="ray",
    show_default=True,
    help="Where trials run: on a Ray cluster, or one after the other in this process.",
)
@click.option(
    "--address",
    default="local",
    show_default=True,
    help="Ray cluster: local (an own one), auto (the one of this machine), or its address.",
)
@click.option("--workers", type=click.IntRange(min=1), help="CPUs of the local cluster.  [default: all]")
@click.option("--gpus-per-target", type=click.FloatRange(min=0), help="GPU share of a training.")
@click.option("--gpus-per-attack", type=click.FloatRange(min=0), help="GPU share of an attack.")
@click.option("--retry-failed", is_flag=True, help="Run the trials again that failed before.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@as_json
def run(
    selection: Selection,
    executor: str,
    address: str,
    workers: int | None,
    gpus_per_target: float | None,
    gpus_per_attack: float | None,
    retry_failed: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Run a sweep, then write its report and front into the store."""
    from orchestrator.credits import credit_lines
    from orchestrator.executors import ClusterSettings, ExecutorName
    from orchestrator.sweep import run_sweep

    if executor == "inline" and (workers or address != "local"):
        raise click.UsageError("--workers and --address need --executor ray; inline is one process")
    space, setup = selection.load()
    outcome = run_sweep(
        space,
        setup,
        selection.store_uri(space, setup),
        executor=cast(ExecutorName, executor),
        cluster=ClusterSettings(address, workers, gpus_per_target, gpus_per_attack),
        threads=selection.threads,
        progress=_progress(quiet),
        retry_failed=retry_failed,
        command=selection.command,
    )
    outputs = write_outputs(outcome.store_uri, outcome.sweep_id, outcome.ran)
    if as_json:
        _print_json(_outcome_document(outcome, outputs))
    else:
        _print_outcome(outcome, outputs, credit_lines(setup))
    click.get_current_context().exit(outcome.exit_code)


@main.command()
@sweep_options
@as_json
def plan(selection: Selection, as_json: bool) -> None:
    """Say what a sweep would do and about what it costs; start nothing."""
    from orchestrator.plan import make_plan
    from orchestrator.screens import console, plan_lines, plan_table
    from orchestrator.sweep import prepared_sweep

    space, setup = selection.load()
    found = make_plan(prepared_sweep(space, setup, selection.threads), selection.store_uri(space, setup))
    if as_json:
        _print_json(found.as_dict())
        return
    for line in plan_lines(found):
        click.echo(line)
    console().print(plan_table(found))


@main.command()
@store_argument
@which_sweep
@as_json
def status(store: str | None, sweep: str | None, as_json: bool) -> None:
    """Say how far a sweep has come: done, failed, left, and the front so far."""
    from orchestrator.screens import console, front_table, status_lines
    from results.sweep_status import status as sweep_status

    found = sweep_status(chosen_store(store), sweep)
    if as_json:
        _print_json(found.as_dict())
        return
    for line in status_lines(found):
        click.echo(line)
    if found.front:
        console().print(front_table(found.front))


@main.command()
@store_argument
@click.option("-o", "--output", default="report.html", show_default=True, help="File to write.")
@which_sweep
@replace_file
def report(store: str | None, output: str, sweep: str | None, force: bool) -> None:
    """Write the report of a sweep: one HTML page that works offline."""
    if Path(output).suffix != ".html":
        raise click.UsageError(f"a report is a page: give a name that ends in .html, not {output!r}")
    _export(chosen_store(store), output, sweep, force)


@main.command()
@store_argument
@click.option("--to", "output", required=True, metavar="FILE", help=".csv .parquet .json .tex .png or .html.")
@which_sweep
@replace_file
def export(store: str | None, output: str, sweep: str | None, force: bool) -> None:
    """Write the table of configurations or the figure of the front to a file."""
    _export(chosen_store(store), output, sweep, force)


@main.group()
def spaces() -> None:
    """Look at the shipped search spaces, and check your own."""


@spaces.command("list")
@as_json
def list_spaces(as_json: bool) -> None:
    """List the shipped spaces."""
    found = {name: load_space(name).description for name in space_names()}
    if as_json:
        _print_json(found)
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


@main.command()
@click.option("--store", default=str(RUNS), show_default=True, help="Where results would go.")
@as_json
def doctor(store: str, as_json: bool) -> None:
    """Look at what there is: targets, defences, attacks, data; and what this machine has of it."""
    from orchestrator.doctor import diagnose
    from orchestrator.screens import console, diagnosis_table

    diagnosis = diagnose(store)
    if as_json:
        _print_json(diagnosis.as_dict())
    else:
        console().print(diagnosis_table(diagnosis))
    click.get_current_context().exit(ExitCode.DONE if diagnosis.healthy else ExitCode.UNREACHABLE)


@main.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--architecture", required=True, help="Network that the weights are of, as vgg16.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help=".safetensors to write.")
@replace_file
def convert(source: Path, architecture: str, output: Path, force: bool) -> None:
    """Turn a published checkpoint into a .safetensors file that settings can name.

    Nothing in SOURCE is executed. Weights that do not fit the architecture are refused, with their names.
    """
    if output.suffix != ".safetensors":
        raise click.UsageError(f"weights are kept as .safetensors: name such a file, not {output}")
    if output.exists() and not force:
        raise click.UsageError(f"{output} exists already; add --force to replace it, or name another file")
    from trainables.weights.conversion import convert_checkpoint

    click.echo(str(convert_checkpoint(source, architecture, output)))


def _progress(quiet: bool) -> "Progress":
    from orchestrator.progress import PlainProgress, SilentProgress

    if quiet:
        return SilentProgress()
    if not sys.stderr.isatty():
        return PlainProgress()
    from orchestrator.live_progress import LiveProgress

    return LiveProgress()


def _outcome_document(outcome: "SweepOutcome", outputs: list[Path]) -> dict[str, Any]:
    return {
        "sweep_id": outcome.sweep_id,
        "store": outcome.store_uri,
        "done": outcome.done,
        "failed": outcome.failed,
        "ran": outcome.ran,
        "notes": list(outcome.notes),
        "outputs": [str(path) for path in outputs],
    }


def _print_outcome(outcome: "SweepOutcome", outputs: list[Path], credits: Sequence[str]) -> None:
    from orchestrator.screens import console, front_table
    from results import load

    if not outcome.ran:
        trials = outcome.done + outcome.failed
        click.echo(f"nothing to do: all {trials} trials of this sweep are in the store")
    summary = load(outcome.store_uri).summary(outcome.sweep_id)
    console().print(front_table(summary.configurations, summary.controls))
    for failure in summary.failures:
        click.echo(f"failed trial {failure.number} ({failure.role}), {failure.label}: {failure.reason}")
    for note in outcome.notes:
        click.echo(f"note: {note}")
    click.echo(f"data and weights: {'; '.join(credits)}")
    click.echo(f"report: {outputs[0]}")


def _export(store: str, output: str, sweep: str | None, force: bool) -> None:
    from results.exporting import export as write_export
    from results.reader import load

    click.echo(str(write_export(load(store), output, sweep, force=force)))


def _print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, indent=1, allow_nan=False))
