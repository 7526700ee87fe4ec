"""What a plan says of resources, disk and money, for people."""

from collections.abc import Iterator

from orchestrator.execution.phrases import duration
from orchestrator.planning.plan import Plan


def cost_lines(plan: Plan) -> Iterator[str]:
    """Yield a line for each thing that is known."""
    cost = plan.cost
    for step, asked in plan.requests.items():
        yield f"{step} asks for {asked['cpus']:g} CPU(s) and {asked['gpus']:g} GPU(s)"
    if cost.gpu_seconds is not None:
        yield f"on GPUs: about {duration(cost.gpu_seconds)} of one GPU"
    if cost.machine_hours is not None:
        yield f"on one such machine, fully used: at least {duration(cost.machine_hours * 3600)}"
    if cost.usd is not None:
        yield f"money: at least {cost.usd:.2f} USD at {cost.usd_per_hour:g} USD an hour for each machine"
    elif cost.usd_per_hour is not None:
        yield "money: unknown, nothing like it was measured in this store"
    if cost.disk_bytes is not None:
        yield f"disk: about {cost.disk_bytes / 2**20:.0f} MiB more"
