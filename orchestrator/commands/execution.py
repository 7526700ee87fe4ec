"""The options of commands that run trials: where, how long, and how they end."""

import functools
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from orchestrator.driver.listeners import Listener
    from orchestrator.driver.sweep import Execution, SweepOutcome

_WHERE = (
    click.option(
        "--executor",
        type=click.Choice(["ray", "inline"]),
        default="ray",
        show_default=True,
        help="Where trials run: on a Ray cluster, or one after the other in this process.",
    ),
    click.option(
        "--address",
        default="local",
        show_default=True,
        help="Ray cluster: local (start one for this run), auto (the one of this machine), or an address.",
    ),
    click.option("--workers", type=click.IntRange(min=1), help="CPUs of the local cluster.  [default: all]"),
    click.option("--gpus-per-target", type=click.FloatRange(min=0), help="GPU share of a training."),
    click.option("--gpus-per-attack", type=click.FloatRange(min=0), help="GPU share of an attack."),
)
_HOW_LONG = (
    click.option(
        "--max-trials", type=click.IntRange(min=1), help="Start at most this many trials in this run."
    ),
    click.option(
        "--max-hours", type=click.FloatRange(min=0, min_open=True), help="Stop after this many hours."
    ),
    click.option(
        "--budget-usd",
        type=click.FloatRange(min=0, min_open=True),
        help="Stop when the cost of this run reaches this amount; needs --usd-per-hour.",
    ),
    click.option(
        "--usd-per-hour",
        type=click.FloatRange(min=0, min_open=True),
        help="Price of an hour of all machines of this run together.",
    ),
    click.option(
        "--stop-after-failures",
        type=click.IntRange(min=0),
        default=5,
        show_default=True,
        help="Stop when this many trials fail in a row; 0: never.",
    ),
    click.option(
        "--stop-at-host-failures",
        type=click.FloatRange(min=0, max=1),
        default=0.5,
        show_default=True,
        help="Stop when one host fails this share of its steps and another does not; 0: never.",
    ),
    click.option("--quiet", is_flag=True, help="Show no progress."),
)
_LIMITS = {
    "max_trials": "max_trials",
    "max_hours": "max_hours",
    "budget_usd": "budget_usd",
    "usd_per_hour": "usd_per_hour",
    "stop_after_failures": "failures_in_row",
    "stop_at_host_failures": "host_failures",
}


def execution_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where and how long trials run, as its argument ``execution``."""

    @functools.wraps(function)
    def _executing(
        *given: Any,  # noqa: ANN401  (what another decorator gives)
        executor: str,
        address: str,
        workers: int | None,
        gpus_per_target: float | None,
        gpus_per_attack: float | None,
        **others: Any,  # noqa: ANN401  (options of the command itself)
    ) -> Any:  # noqa: ANN401
        if executor == "inline" and (workers or address != "local"):
            raise click.UsageError("--workers and --address need --executor ray; inline uses one process")
        limits = {field: others.pop(name) for name, field in _LIMITS.items()}
        cluster = (address, workers, gpus_per_target, gpus_per_attack)
        return function(*given, execution=_execution(executor, cluster, limits), **others)

    command: Callable[..., Any] = _executing
    for option in reversed((*_WHERE, *_HOW_LONG)):
        command = option(command)
    return command


def _execution(executor: Any, cluster: tuple[Any, ...], limits: dict[str, Any]) -> "Execution":  # noqa: ANN401
    from orchestrator.driver.limits import Limits
    from orchestrator.driver.sweep import Execution
    from orchestrator.execution.resources import ClusterSettings
    from trainables.build import build_piece

    build = click.get_current_context().obj or build_piece  # whoever calls the command line may give another
    return Execution(executor, ClusterSettings(*cluster), Limits(**limits), build)


def screen_listeners(quiet: bool) -> "Sequence[Listener]":
    """Return who shows a run: a live view on a terminal, else plain lines; none when ``quiet``."""
    if quiet:
        return ()
    if not sys.stderr.isatty():
        from orchestrator.screens.plain_view import PlainView

        return (PlainView(),)
    from orchestrator.screens.live_view import LiveView

    return (LiveView(),)


def say_stopped(outcome: "SweepOutcome", command: str) -> None:
    """Say why a run stopped before its end, and how it goes on; nothing when it did not."""
    if outcome.stopped:
        click.echo(f"stopped: {outcome.stopped}; finished work is kept; resume with: {command}", err=True)
