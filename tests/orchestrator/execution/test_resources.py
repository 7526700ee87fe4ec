"""Whether steps fit, on logical GPUs and on a laptop without any."""

from pathlib import Path

import pytest

from orchestrator.errors import InvalidRequest
from orchestrator.execution import gpus
from orchestrator.execution.resources import ClusterSettings, GpuShares, fit_steps, this_machine

LAPTOP = {"CPU": 4.0, "GPU": 0.0}
BOX = {"CPU": 16.0, "GPU": 2.0}


def test_the_same_options_mean_gpu_shares_where_there_are_gpus_and_cpu_shares_elsewhere() -> None:
    assert fit_steps([BOX], ClusterSettings(), 1).shares == GpuShares(1.0, 0.5)
    assert fit_steps([LAPTOP], ClusterSettings(), 1).shares == GpuShares(0.0, 0.0)


@pytest.mark.parametrize(("share", "slots"), [(1.0, 2), (0.5, 4), (0.25, 8), (2.0, 1), (0.0, 16)])
def test_shares_of_a_gpu_say_how_many_trainings_run_side_by_side(share: float, slots: int) -> None:
    assert fit_steps([BOX], ClusterSettings(gpus_per_target=share), 1).training_slots(1) == slots


def test_threads_bound_the_slots_as_gpus_do() -> None:
    assert fit_steps([BOX], ClusterSettings(gpus_per_target=0.25), 8).training_slots(8) == 2


@pytest.mark.parametrize(
    ("nodes", "settings", "threads", "short"),
    [
        ([LAPTOP], ClusterSettings(gpus_per_target=1), 1, "GPU: 0 on a node at most"),
        ([LAPTOP], ClusterSettings(), 5, "CPU: 4 on a node at most"),
        ([BOX, BOX], ClusterSettings(gpus_per_attack=3), 1, "GPU: 2 on a node at most"),
        ([BOX, {"CPU": 64.0}], ClusterSettings(), 32, "not both on one node"),
    ],
)
def test_what_no_node_can_ever_hold_is_refused_with_the_resource(nodes, settings, threads, short):
    with pytest.raises(InvalidRequest, match=short):
        fit_steps(nodes, settings, threads)


def test_nodes_alike_are_named_once() -> None:
    with pytest.raises(InvalidRequest, match="3 times 16 CPU and 2 GPU"):
        fit_steps([BOX] * 3, ClusterSettings(gpus_per_target=4), 1)


def test_this_machine_counts_the_gpus_that_steps_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("nvidia0", "nvidia1"):
        (tmp_path / name).touch()
    monkeypatch.setattr(gpus, "DEVICES", tmp_path)
    monkeypatch.delenv("TLDMI_SWEEP_DEVICE", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert this_machine(3) == {"CPU": 3.0, "GPU": 1.0}
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert this_machine(3) == {"CPU": 3.0, "GPU": 2.0}
    assert this_machine(None)["CPU"] >= 1
