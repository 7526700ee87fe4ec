"""What a plan says of resources, disk and money, for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.planning.plan import Plan
from orchestrator.screens.text import duration
from results.formatting import share_of_published
from results.labels import attack_name

NO_BUDGET = {"seed", "micro_batch"}
"""Whole numbers among the settings of an attack that do not say how much it may do."""


def size_lines(plan: Plan) -> Iterator[str]:
    """Yield what is trained on and for how long, and what is worth knowing before the start."""
    if (size := plan.size) is not None:
        yield (
            f"private: {size.private_classes} classes, {size.train_images} training and {size.test_images} "
            f"test pictures; public: {size.public_classes} classes, {size.public_images} pictures"
        )
        yield f"each T is trained for {size.epochs} epochs, {size.steps} steps"
    yield from (f"note: {note}" for note in plan.notes)


def budget_lines(plan: Plan) -> Iterator[str]:
    """Yield a line for each attack on each target: how much it may do."""
    for kind, settings in plan.attack_settings.items():
        budget = f"{budget_text(settings)} ({share_of_published(plan.budget_factors[kind])})"
        yield f"every target is attacked with {attack_name(kind)}: {budget}"
    if not plan.attack_settings:
        yield "the targets are not attacked"


def budget_text(settings: Mapping[str, Any]) -> str:
    """Return the whole numbers of an attack's settings.

    >>> budget_text({"iterations": 80, "restarts": 2, "learning_rate": 0.05, "seed": 0, "retire_after": None})
    'iterations 80, restarts 2'
    """
    whole = {
        name: value for name, value in settings.items() if isinstance(value, int) and name not in NO_BUDGET
    }
    return ", ".join(f"{name} {value}" for name, value in whole.items() if not isinstance(value, bool))


def cost_lines(plan: Plan) -> Iterator[str]:
    """Yield a line for each thing that is known."""
    cost = plan.cost
    if not any(plan.left.values()):
        return
    for step, asked in plan.requests.items():
        yield f"{step} requests {_amount(asked['cpus'], 'CPU')} and {_amount(asked['gpus'], 'GPU')}"
    if cost.gpu_seconds is not None:
        yield f"on GPUs: about {duration(cost.gpu_seconds)} of one GPU"
    if cost.machine_hours is not None:
        yield f"on one such machine, if fully used: at least {duration(cost.machine_hours * 3600)}"
    if cost.usd is not None:
        yield f"cost: at least {cost.usd:.2f} USD at {cost.usd_per_hour:g} USD an hour for each machine"
    elif cost.usd_per_hour is not None:
        yield "cost: unknown; this store holds no times of such steps"
    if cost.disk_bytes is not None:
        yield f"disk: about {cost.disk_bytes / 2**20:.0f} MiB more"


def _amount(value: float, unit: str) -> str:
    return f"{value:g} {unit}{'s' if value > 1 else ''}" if value else f"no {unit}"
