"""Options that say what steps take of a machine and what it costs, for the commands that only plan."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from orchestrator.execution.resources import ClusterSettings


@dataclass(frozen=True)
class MachineOptions:
    """The values of the options; ``None`` where an option was not given."""

    gpus_per_target: float | None
    gpus_per_attack: float | None
    usd_per_hour: float | None

    def settings(self, workers: int | None = None) -> "ClusterSettings":
        """Return the settings of a cluster that mean the same."""
        from orchestrator.execution.resources import ClusterSettings

        return ClusterSettings("local", workers, self.gpus_per_target, self.gpus_per_attack)


def machine_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these options as its argument ``machine``."""

    @functools.wraps(function)
    def _with_machine(
        *selected: Any,  # noqa: ANN401  (the sweep, where the command has one)
        gpus_per_target: float | None,
        gpus_per_attack: float | None,
        usd_per_hour: float | None,
        **others: Any,  # noqa: ANN401  (options of the command itself)
    ) -> Any:  # noqa: ANN401
        machine = MachineOptions(gpus_per_target, gpus_per_attack, usd_per_hour)
        return function(*selected, machine=machine, **others)

    command: Callable[..., Any] = _with_machine
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option("--gpus-per-target", type=click.FloatRange(min=0), help="GPU share of a training."),
    click.option("--gpus-per-attack", type=click.FloatRange(min=0), help="GPU share of an attack."),
    click.option("--usd-per-hour", type=click.FloatRange(min=0), help="Price of an hour of one machine."),
)
