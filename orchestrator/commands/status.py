"""``tldmi-sweep status``: how far a sweep has come."""

import time
from typing import TYPE_CHECKING

import click

from orchestrator.commands.options import (
    as_json,
    exit_for_unreadable,
    print_json,
    store_argument,
    which_sweep,
)
from orchestrator.selection import chosen_store

if TYPE_CHECKING:
    from results.sweep_status import Status
    from results.sweeps.run_progress import RunProgress


@click.command()
@store_argument
@which_sweep
@click.option("--watch", is_flag=True, help="Repeat the output until no driver runs the sweep.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    help="Seconds between two outputs of --watch.",
)
@as_json
def status(store: str | None, sweep: str | None, watch: bool, every: float, as_json: bool) -> None:
    """Show the progress of a sweep: running trials, trials done, failed and left, the last error of each
    kind, and the current front."""
    if watch and as_json:
        raise click.UsageError("--json prints one document: omit --watch")
    uri, shown = chosen_store(store), None
    while True:
        sweep_state, progress, alive = _look(uri, sweep)
        if as_json:
            from orchestrator.documents.status import StatusDocument

            print_json(StatusDocument.of(sweep_state, progress, alive))
            break
        if (state := _state(sweep_state, progress, alive)) != shown:
            shown = state
            _print(sweep_state, progress, alive, fresh=watch)
        if not watch or not alive:
            break
        time.sleep(every)
    if not (as_json or alive or sweep):
        _say_where_the_page_is(uri)
    exit_for_unreadable(sweep_state.unreadable)


def _say_where_the_page_is(uri: str) -> None:
    from orchestrator.driver.outputs import written_report

    if page := written_report(uri):
        click.echo(f"report: {page}")


def _look(uri: str, sweep: str | None) -> "tuple[Status, RunProgress | None, bool]":
    """Return how far the sweep is, what its latest run says of itself, and whether that still runs."""
    from orchestrator.locks import sweep_holder
    from results import open_store
    from results.sweep_status import status as sweep_status
    from results.sweeps.run_progress import read_run_progress

    sweep_state = sweep_status(uri, sweep)
    if sweep_state.sweep_id is None:
        return sweep_state, None, False
    store = open_store(uri)
    progress = read_run_progress(store, sweep_state.sweep_id)
    holder = sweep_holder(store.address, sweep_state.sweep_id)
    return sweep_state, progress, bool(progress and holder and holder.get("run") == progress.run)


def _state(status: "Status", progress: "RunProgress | None", alive: bool) -> object:
    """Return what, when it changes, is worth showing again."""
    running = progress and (progress.trials, progress.stopping)
    return alive, running, dict(status.done), dict(status.failed)


def _print(status: "Status", progress: "RunProgress | None", alive: bool, fresh: bool) -> None:
    from orchestrator.screens.runs import error_lines, run_lines
    from orchestrator.screens.tables import ON_THE_FRONT, console, front_table, status_lines

    screen = console()
    if fresh and screen.is_terminal:
        screen.clear()
    for line in [*status_lines(status), *error_lines(status.error_kinds), *run_lines(progress, alive)]:
        click.echo(line)
    if status.front:
        screen.print(front_table(status.front))
        click.echo(ON_THE_FRONT)
