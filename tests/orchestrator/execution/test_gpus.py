"""GPUs of this machine: their devices, and what CUDA and the user say of them."""

import pytest

from orchestrator.execution import gpus
from orchestrator.execution.gpus import present_gpus, usable_gpus
from trainables import step


def test_devices_are_counted_by_their_numbers(tmp_path, monkeypatch):
    for name in ("nvidia10", "nvidia2", "nvidia0", "nvidiactl", "nvidia-uvm", "nvidia-caps", "null"):
        (tmp_path / name).touch()
    monkeypatch.setattr(gpus, "DEVICES", tmp_path)
    assert present_gpus() == ["nvidia0", "nvidia2", "nvidia10"]


@pytest.mark.parametrize(
    ("environment", "usable"),
    [
        ({}, 4),
        ({"CUDA_VISIBLE_DEVICES": "0"}, 1),
        ({"CUDA_VISIBLE_DEVICES": "GPU-3f, GPU-4a"}, 2),
        ({"CUDA_VISIBLE_DEVICES": "0,-1,2"}, 1),  # what follows an unknown one is not seen
        ({"CUDA_VISIBLE_DEVICES": "0,1,2,3,4,5"}, 4),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, 0),
        ({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, 0),
        ({"TLDMI_SWEEP_DEVICE": "cpu"}, 0),
        ({"TLDMI_SWEEP_DEVICE": "cuda:1"}, 4),
    ],
)
def test_what_is_hidden_from_cuda_is_not_used(environment, usable):
    assert usable_gpus(4, environment) == usable


def test_the_device_has_the_name_that_steps_read():
    assert gpus.DEVICE_VARIABLE == step.DEVICE_VARIABLE
