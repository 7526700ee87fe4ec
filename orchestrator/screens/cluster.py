"""What the check of a cluster file says to people."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from orchestrator.launch.check import ClusterReport
from orchestrator.planning.plan import Plan
from orchestrator.screens.plan import cost_lines
from results.formatting import UNKNOWN


def report_lines(report: ClusterReport, plan: Plan | None) -> Iterator[str]:
    """Yield one line for each finding, then what the sweep needs, then the verdict."""
    yield f"{report.file}: cluster {report.cluster}"
    for finding in report.findings:
        yield f"{finding.state:8}{finding.name}: {finding.text}"
    if plan is not None:
        left = ", ".join(f"{count} {role}" for role, count in plan.left.items() if count) or "nothing"
        yield f"sweep {plan.sweep_id}: {plan.space} on {plan.setup}, left: {left}"
        yield from cost_lines(plan)
    yield "ready" if report.ready else "not ready: see the lines that begin with 'broken'"


def machine_table(report: ClusterReport) -> Table:
    """Return the kinds of machine with their prices."""
    table = Table(
        "node", "machine", "bought", "at most", "CPU", "GPU", "USD/hour", "", box=None, pad_edge=False
    )
    for machine in report.machines:
        price = UNKNOWN if machine.usd_per_hour is None else f"{machine.usd_per_hour:.3f}"
        table.add_row(
            Text(machine.name),
            Text(machine.machine or UNKNOWN),
            "spot" if machine.spot else "on demand",
            str(machine.most),
            *(
                f"{machine.resources[name]:g}" if name in machine.resources else UNKNOWN
                for name in ("CPU", "GPU")
            ),
            price,
            machine.usd_source or "",
        )
    return table
