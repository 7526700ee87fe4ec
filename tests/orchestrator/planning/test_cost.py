"""The cost of what is left: by the resource that a machine has least of."""

import pytest

from orchestrator.execution.resources import ClusterResources, GpuShares
from orchestrator.planning.cost import Rates, cost_of

HOUR = 3600.0
BOX = ClusterResources(({"CPU": 2.0}, {"CPU": 8.0, "GPU": 2.0}), GpuShares(1.0, 0.5))
LAPTOP = ClusterResources(({"CPU": 4.0, "GPU": 0.0},), GpuShares())


def test_machine_hours_are_those_of_the_scarcer_resource() -> None:
    by_gpu = cost_of(10, Rates(cpu_seconds=HOUR, gpu_seconds=HOUR), BOX, 1.5)
    assert (by_gpu.machine_hours, by_gpu.usd) == (5.0, 7.5)
    by_cpu = cost_of(10, Rates(cpu_seconds=8 * HOUR, gpu_seconds=HOUR), BOX, 1.5)
    assert (by_cpu.machine_hours, by_cpu.usd) == (10.0, 15.0)


def test_without_gpus_cpus_alone_count() -> None:
    cost = cost_of(6, Rates(cpu_seconds=2 * HOUR), LAPTOP, 1.0)
    assert (cost.machine_hours, cost.gpu_seconds) == (3.0, None)


@pytest.mark.parametrize("rates", [Rates(), Rates(cpu_seconds=1.0), Rates(gpu_seconds=1.0)])
def test_what_was_never_measured_is_unknown_not_nothing(rates):
    cost = cost_of(3, rates, BOX, 1.0)
    assert (cost.machine_hours, cost.usd) == (None, None)


def test_nothing_left_costs_nothing() -> None:
    cost = cost_of(0, Rates(), BOX, 1.0)
    assert (cost.cpu_seconds, cost.usd, cost.disk_bytes) == (0.0, 0.0, 0.0)


def test_without_a_price_there_is_no_sum() -> None:
    assert cost_of(3, Rates(cpu_seconds=1.0), LAPTOP, None).usd is None


def test_disk_grows_with_the_trials() -> None:
    assert cost_of(3, Rates(disk_bytes=100.0), None, None).disk_bytes == 300.0
