"""``tldmi-sweep plan``: what a sweep would do."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.commands.machine_options import MachineOptions, machine_options
from orchestrator.commands.options import as_json, print_json
from orchestrator.selection import Selection, sweep_options

if TYPE_CHECKING:
    from orchestrator.execution.resources import ClusterResources, ClusterSettings


@click.command()
@sweep_options
@click.option("--workers", type=click.IntRange(min=1), help="CPUs of this machine to use.  [default: all]")
@click.option(
    "--cluster",
    "cluster_file",
    type=click.Path(path_type=Path),
    help="Plan for this Ray cluster file.",
)
@machine_options
@as_json
def plan(
    selection: Selection,
    machine: MachineOptions,
    workers: int | None,
    cluster_file: Path | None,
    as_json: bool,
) -> None:
    """Show the trials of a sweep and estimate its cost; start no work.

    A step is refused if its resource request fits neither this machine nor a node of the cluster file.
    """
    from orchestrator.driver.sweep import prepare_sweep
    from orchestrator.planning.plan import make_plan
    from orchestrator.screens.plan import budget_lines, cost_lines, size_lines
    from orchestrator.screens.tables import console, plan_lines, plan_table

    space, setup = selection.load()
    cluster = _cluster(cluster_file, machine.settings(workers), selection.threads)
    sweep = prepare_sweep(space, setup, selection.threads)
    planned = make_plan(sweep, selection.store_uri(space, setup), cluster, machine.usd_per_hour)
    if as_json:
        from orchestrator.documents.plan import PlanDocument

        print_json(PlanDocument.of(planned))
        return
    for line in [*plan_lines(planned), *size_lines(planned), *budget_lines(planned), *cost_lines(planned)]:
        click.echo(line)
    console().print(plan_table(planned))


def _cluster(file: Path | None, settings: "ClusterSettings", threads: int) -> "ClusterResources | None":
    """Return what steps would run on, ``None`` when the file does not say; refuses what can never run."""
    from orchestrator.execution.resources import fit_steps, this_machine

    if file is None:
        return fit_steps([this_machine(settings.workers)], settings, threads)
    from orchestrator.launch.cluster_file import read_cluster_file
    from orchestrator.launch.nodes import possible_nodes

    nodes = possible_nodes(read_cluster_file(file))
    if not nodes:
        click.echo(
            f"note: {file} does not state the resources of its machines: fit and cost are unknown", err=True
        )
        return None
    return fit_steps(nodes, settings, threads)
