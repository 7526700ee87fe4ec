"""Checkpoints: how often they are written, what makes one unusable, and that none outlives its row."""

from pathlib import Path

import pytest
import torch

from results.errors import StoreNotWritable
from results.stores.opening import open_store
from results.stores.store import Store
from trainables.storage import checkpoint
from trainables.storage.artifacts import Tensors, load_tensors
from trainables.storage.checkpoint import (
    CHECKPOINT_VARIABLE,
    Checkpoint,
    CheckpointUnusable,
    interval_seconds,
    optimizer_state,
    remove_checkpoints,
    restore_optimizer,
)

PATH = "artifacts/checkpoints/t1.safetensors"
OF = {"data": "d1"}


class Counting:
    """Work whose state is a number."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def state(self) -> Tensors:
        return {"value": torch.tensor(self.value, dtype=torch.float64)}

    def restore(self, state: Tensors) -> None:
        self.value = float(state["value"])


class Clock:
    """A clock that moves when told to, and by ``each`` with every state that is written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, each: float = 0.0) -> None:
        self.now = 1000.0
        monkeypatch.setattr(checkpoint.time, "monotonic", lambda: self.now)
        save = checkpoint.save_tensors

        def slow(store: Store, path: str, tensors: Tensors) -> str:
            self.now += each
            return save(store, path, tensors)

        monkeypatch.setattr(checkpoint, "save_tensors", slow)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path), create=True)


def kept(store: Store) -> float | None:
    return float(load_tensors(store, PATH)["value"]) if store.exists(PATH) else None


def written(store: Store, monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    monkeypatch.setenv(CHECKPOINT_VARIABLE, "0")
    Checkpoint(store, "t1", OF).save_if_due(Counting(value))


def resumed(store: Store, of: dict[str, str] = OF) -> float:
    work = Counting()
    Checkpoint(store, "t1", of).resume(work)
    return work.value


def test_a_state_is_written_when_the_last_is_old_enough(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    progress = Checkpoint(store, "t1", OF)
    seen = []
    for seconds in (29.0, 1.0, 29.0, 2.0):
        clock.now += seconds
        progress.save_if_due(Counting(clock.now))
        seen.append(kept(store))
    assert seen == [None, 1030.0, 1030.0, 1061.0]


def test_slow_writes_are_rarer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing may take a twentieth of the time of the work."""
    clock = Clock(monkeypatch, each=10.0)
    progress = Checkpoint(store, "t1", OF)
    clock.now += 30
    progress.save_if_due(Counting(1))
    for seconds, value in ((190, 1), (20, 3)):
        clock.now += seconds
        progress.save_if_due(Counting(3))
        assert kept(store) == value


def test_the_time_of_earlier_runs_is_known(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    for total in (40.0, 80.0):
        progress = Checkpoint(store, "t1", OF)
        progress.resume(Counting())
        clock.now += 40
        progress.save_if_due(Counting(total))
    last = Checkpoint(store, "t1", OF)
    last.resume(Counting())
    assert last.seconds_before == 80.0


def test_the_last_state_comes_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resumed(store) == 0.0
    for value in (1.5, 2.5):
        written(store, monkeypatch, value)
    assert resumed(store) == 2.5


@pytest.mark.parametrize("damage", [b"", b"no safetensors", None])
def test_a_corrupt_one_is_a_warning_and_a_start(
    store: Store, monkeypatch: pytest.MonkeyPatch, damage: bytes | None
) -> None:
    written(store, monkeypatch, 7.0)
    data = bytearray(store.get_bytes(PATH))
    data[-1] ^= 1
    store.put_bytes(PATH, bytes(data) if damage is None else damage)
    with pytest.warns(CheckpointUnusable, match="t1.safetensors .* cannot be read"):
        assert resumed(store) == 0.0


def test_that_of_other_data_or_versions_is_not_used(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    written(store, monkeypatch, 7.0)
    with pytest.warns(CheckpointUnusable, match="other data, weights or versions"):
        assert resumed(store, {"data": "d2"}) == 0.0
    monkeypatch.setattr(checkpoint, "FORMAT", checkpoint.FORMAT + 1)
    with pytest.warns(CheckpointUnusable, match="other data, weights or versions"):
        assert resumed(store) == 0.0


def test_a_store_that_cannot_be_written_costs_a_warning(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreNotWritable("disk full")

    monkeypatch.setattr(type(store), "file_to_write", full)
    with pytest.warns(CheckpointUnusable, match="cannot be written .disk full."):
        written(store, monkeypatch, 1.0)


def test_inf_keeps_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    written(store, monkeypatch, 1.0)
    monkeypatch.setenv(CHECKPOINT_VARIABLE, "inf")
    assert resumed(store) == 0.0
    Checkpoint(store, "t1", OF).save_if_due(Counting(2.0))
    assert kept(store) == 1.0


@pytest.mark.parametrize("text", ["soon", "-1", "nan", ""])
def test_an_interval_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(CHECKPOINT_VARIABLE, text)
    with pytest.raises(ValueError, match=f"{CHECKPOINT_VARIABLE}={text}: give seconds"):
        interval_seconds()


def test_the_checkpoints_of_a_name_are_removed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHECKPOINT_VARIABLE, "0")
    for name in ("t1", "t1-32", "t2"):
        Checkpoint(store, name, OF).save_if_due(Counting(1.0))
    remove_checkpoints(store, "t1")
    assert store.list_paths("artifacts/") == ["artifacts/checkpoints/t2.safetensors"]


@pytest.mark.parametrize("make", [torch.optim.Adam, torch.optim.SGD])
def test_an_optimizer_goes_on(make: type[torch.optim.Optimizer]) -> None:
    """A parameter that never had a gradient has no state before or after."""
    starts = [torch.nn.Parameter(torch.ones(2, 3, 4, 4)), torch.nn.Parameter(torch.ones(3))]
    first = make(starts, lr=0.1, **({"momentum": 0.9} if make is torch.optim.SGD else {}))
    starts[0].grad = torch.rand(2, 3, 4, 4)
    first.step()
    copies = [torch.nn.Parameter(start.detach().clone()) for start in starts]
    second = make(copies, lr=0.1, **({"momentum": 0.9} if make is torch.optim.SGD else {}))
    restore_optimizer(second, optimizer_state(first))
    assert copies[1] not in second.state
    for parameter, optimizer in ((starts[0], first), (copies[0], second)):
        parameter.grad = torch.full_like(parameter, 0.3)
        optimizer.step()
    assert torch.equal(starts[0], copies[0])
