"""``tldmi-sweep cluster``: a Ray cluster for sweeps; every command prints the plain Ray commands it runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.commands.group import CommandGroup
from orchestrator.commands.machine_options import MachineOptions, machine_options
from orchestrator.commands.options import as_json, print_json
from orchestrator.selection import Selection, plugin_option

if TYPE_CHECKING:
    from orchestrator.launch.ray_commands import Command

cluster_file = click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True}


@click.group(cls=CommandGroup)
def cluster() -> None:
    """Check a cluster file, start its cluster, run sweeps on it, end it."""


@cluster.command("up")
@cluster_file
@yes_option
def start(file: Path, yes: bool) -> None:
    """Start the cluster, or change a running cluster to match the file."""
    from orchestrator.launch import ray_commands
    from orchestrator.launch.cluster_file import read_cluster_file
    from orchestrator.launch.this_machine import check_mounts

    read = read_cluster_file(file)
    check_mounts(read)
    _run(ray_commands.up(read, yes=yes, have_token=ray_commands.have_token()))


@cluster.command("check")
@cluster_file
@click.option("--store", metavar="URI", help="Store of the sweep's results.")
@click.option("--space", metavar="NAME|FILE", help="Also plan a sweep of this space and estimate its cost.")
@click.option("--data", metavar="NAME", help="Data of that sweep.  [default: the space's own]")
@click.option("--trials", type=click.IntRange(min=1), help="Configurations of that sweep.")
@click.option("--threads", type=click.IntRange(min=1), default=1, help="CPU threads of a step.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A setting of that sweep.")
@machine_options
@plugin_option(expose_value=False)
@as_json
def check(
    file: Path,
    store: str | None,
    space: str | None,
    data: str | None,
    trials: int | None,
    threads: int,
    assignments: tuple[str, ...],
    machine: MachineOptions,
    as_json: bool,
) -> None:
    """Find the problems of a cluster file, and estimate the cost of a sweep; start no machine."""
    from orchestrator.launch.cluster_report import check_with_plan
    from orchestrator.screens.cluster import machine_table, report_lines

    sweep = Selection(space, data, store, trials, None, threads, assignments) if space else None
    report, plan = check_with_plan(file, sweep, store, machine.settings(), machine.usd_per_hour)
    if as_json:
        from orchestrator.documents.cluster import ClusterCheckDocument

        print_json(ClusterCheckDocument.of(report, plan))
    else:
        from orchestrator.screens.tables import console

        for line in report_lines(report, plan):
            click.echo(line)
        console().print(machine_table(report))
    click.get_current_context().exit(report.exit_code)


@cluster.command("submit", context_settings=PASSED_ON)
@cluster_file
@click.argument("sweep", nargs=-1, type=click.UNPROCESSED, metavar="--space X --store URI [OPTIONS]")
def submit(file: Path, sweep: Sequence[str]) -> None:
    """Run a sweep on the head node; options after FILE are those of tldmi-sweep."""
    from orchestrator.launch import ray_commands
    from orchestrator.launch.cluster_file import read_cluster_file

    _run(ray_commands.submit(read_cluster_file(file), sweep))


@cluster.command("status")
@cluster_file
def state(file: Path) -> None:
    """Show the nodes and the pending resource requests."""
    from orchestrator.launch import ray_commands
    from orchestrator.launch.cluster_file import read_cluster_file

    _run(ray_commands.status(read_cluster_file(file)))


@cluster.command("down")
@cluster_file
@yes_option
def end(file: Path, yes: bool) -> None:
    """End the cluster and every machine that was started for it."""
    from orchestrator.launch import ray_commands
    from orchestrator.launch.cluster_file import read_cluster_file

    _run(ray_commands.down(read_cluster_file(file), yes=yes))


def _run(commands: "Sequence[Command]") -> None:
    from orchestrator.launch.ray_commands import run

    click.get_current_context().exit(run(commands, lambda line: click.echo(line, err=True)))
