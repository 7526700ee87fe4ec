"""Device, threads and provenance of a step."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import torch

from results.schema import PROVENANCE_COLUMNS
from trainables.step import UnknownDevice, device, provenance, single_threaded, started


def test_the_device_follows_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLDMI_SWEEP_DEVICE", "cpu")
    assert device() == torch.device("cpu")


def test_the_device_is_the_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TLDMI_SWEEP_DEVICE", raising=False)
    assert device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device() == torch.device("cuda")
    monkeypatch.setenv("TLDMI_SWEEP_DEVICE", "cuda:1")
    assert device() == torch.device("cuda:1")


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "cuda:x"])
def test_a_device_that_is_not_here_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("TLDMI_SWEEP_DEVICE", name)
    with pytest.raises(UnknownDevice, match=f"TLDMI_SWEEP_DEVICE={name}"):
        device()


def test_threads_and_determinism_are_set() -> None:
    single_threaded(2)
    assert torch.get_num_threads() == 2
    assert torch.are_deterministic_algorithms_enabled()
    single_threaded()
    assert torch.get_num_threads() == 1


def test_provenance_fills_its_columns() -> None:
    start = started()
    row = provenance(start)
    assert set(row) == set(PROVENANCE_COLUMNS)
    assert 0 <= row["seconds"] < 60
    assert 0 <= row["cpu_seconds"] < 60
    assert torch.__version__.startswith(json.loads(row["versions"])["torch"])
    assert abs(row["finished_at"] - datetime.now(UTC)) < timedelta(minutes=1)
