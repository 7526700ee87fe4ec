"""The check of a cluster file together with the plan of a sweep on its machines."""

from pathlib import Path

from orchestrator.doctor import Finding
from orchestrator.errors import InvalidRequest
from orchestrator.execution.resources import ClusterResources, ClusterSettings, fit_steps
from orchestrator.launch.check import ClusterReport, Machine, check_cluster
from orchestrator.launch.cluster_file import ClusterFile, read_cluster_file
from orchestrator.launch.machines import Aws
from orchestrator.launch.nodes import possible_nodes
from orchestrator.planning.plan import Plan, make_plan
from orchestrator.selection import Selection


def check_with_plan(
    path: Path,
    sweep: Selection | None,
    store: str | None,
    settings: ClusterSettings,
    usd_per_hour: float | None,
) -> tuple[ClusterReport, Plan | None]:
    """Return the report on the file at ``path``, and the plan of ``sweep`` when one is meant.

    A step that no node can ever hold is a finding of the report. ``usd_per_hour`` is the price of one
    machine, ``None``: that of the file's machines, where it is known. Raises as loading the sweep does.
    """
    file = read_cluster_file(path)
    cloud = Aws(file.region) if file.is_aws else None
    report = check_cluster(file, store, cloud, usd_per_hour)
    if sweep is None:
        return report, None
    cluster, finding = _fit(file, report, sweep, settings)
    report = report.with_findings(finding)
    price = usd_per_hour if usd_per_hour is not None else _worker_price(report.machines)
    return report, _plan(sweep, cluster, price)


def _plan(selection: Selection, cluster: ClusterResources | None, usd_per_hour: float | None) -> Plan:
    from orchestrator.driver.sweep import prepare_sweep

    space, setup = selection.load()
    sweep = prepare_sweep(space, setup, selection.threads)
    return make_plan(sweep, selection.store_uri(space, setup), cluster, usd_per_hour)


def _fit(
    file: ClusterFile, report: ClusterReport, sweep: Selection, settings: ClusterSettings
) -> tuple[ClusterResources | None, Finding]:
    """Return the cluster that the file can come to, and whether every step fits on some node of it."""
    known = {machine.machine: machine.resources for machine in report.machines if machine.machine}
    nodes = possible_nodes(file, known.get)
    if not nodes:
        return None, Finding("fit", "warning", "the file states no resources of its machines", "sweep")
    try:
        cluster = fit_steps(nodes, settings, sweep.threads)
    except InvalidRequest as error:
        return None, Finding("fit", "broken", str(error), "sweep")
    return cluster, Finding(
        "fit", "ok", f"{cluster.training_slots(sweep.threads)} trainings at once", "sweep"
    )


def _worker_price(machines: tuple[Machine, ...]) -> float | None:
    prices = [machine.usd_per_hour for machine in machines[1:] if machine.usd_per_hour is not None]
    return max(prices, default=None)
