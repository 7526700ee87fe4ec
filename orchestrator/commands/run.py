"""``tldmi-sweep run``, also written without its name: run a sweep, then write its report."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from orchestrator.commands.options import as_json, print_json
from orchestrator.outputs import write_outputs
from orchestrator.selection import Selection, sweep_options

if TYPE_CHECKING:
    from orchestrator.progress import Progress
    from orchestrator.sweep import SweepOutcome


@click.command()
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
        print_json(_outcome_document(outcome, outputs))
    else:
        _print_outcome(outcome, outputs, credit_lines(setup))
    click.get_current_context().exit(outcome.exit_code)


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
