"""The attack step when it is preempted, and when memory does not suffice."""

from pathlib import Path
from typing import Any

import pytest
import torch

from results.schema import TIMING_COLUMNS
from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces import AttackConfig, TargetConfig
from search_spaces.attacks import GMI, LOMMA, LOMMAGMI, AttackSettings
from search_spaces.defenses import Defense
from search_spaces.evaluation import TrainedClassifier
from search_spaces.priors import WGANGP
from search_spaces.targets import TargetSettings
from tldmi_sweep.testing.preemption import Preempted
from tldmi_sweep.testing.tiny_data import tiny_image_folder
from trainables.attack import run_attack
from trainables.attacks import students
from trainables.attacks.objective import Identity, Objective
from trainables.memory import OutOfMemory, SmallerBatches
from trainables.storage.checkpoint import CHECKPOINT_VARIABLE, Checkpoint, Resumable
from trainables.target import train_target

NO_MEMORY = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> TargetConfig:
    settings = TargetSettings(architecture="small_vgg", epochs=1, batch_size=8, optimizer="adam")
    folder = tiny_image_folder(tmp_path_factory.mktemp("pictures"), 4, resolution=16)
    return TargetConfig(data=folder, target=settings, defense=Defense(), seed=0)


@pytest.fixture(scope="module")
def store(target: TargetConfig, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with T, generator, evaluator and the row of an undisturbed attack."""
    store = open_store(str(tmp_path_factory.mktemp("store")), create=True)
    assert train_target(target, store).status == "done"
    return store


def config(target: TargetConfig, attack: AttackSettings) -> AttackConfig:
    return AttackConfig(
        target=target,
        attack=attack,
        prior=WGANGP(z_dim=8, width=4, critic_width=4, generator_steps=1, batch_size=8),
        evaluators=(TrainedClassifier(epochs=1, width=4),),
    )


def taken_out(store: Store, of: AttackConfig) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of an attack without times, and remove them from the store."""
    rows = {}
    for table in ("attacks", "reconstructions"):
        written = store.read_rows(table, of.piece_id).to_pylist()
        rows[table] = [{name: row[name] for name in row if name not in TIMING_COLUMNS} for row in written]
        store.delete(f"{table}/{of.piece_id}.parquet")
    return rows


def test_a_preempted_attack_writes_the_rows_of_an_undisturbed_one(
    store: Store, target: TargetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = config(target, GMI(iterations=6, restarts=3, learning_rate=0.2, micro_batch=5))
    run_attack(chosen, store)
    undisturbed = taken_out(store, chosen)
    monkeypatch.setenv(CHECKPOINT_VARIABLE, "0")
    save_if_due = Checkpoint.save_if_due
    offered: list[Resumable] = []

    def fatal(self: Checkpoint, work: Resumable) -> None:
        save_if_due(self, work)
        offered.append(work)
        if len(offered) == 8:  # in the second of three micro-batches
            raise Preempted

    monkeypatch.setattr(Checkpoint, "save_if_due", fatal)
    with pytest.raises(Preempted):
        run_attack(chosen, store)
    (kept,) = store.list_paths("artifacts/checkpoints/")
    assert kept == f"artifacts/checkpoints/{chosen.piece_id}-5.safetensors"
    assert run_attack(chosen, store).status == "done"
    assert len(offered) == 3 * 6
    assert taken_out(store, chosen) == undisturbed
    assert store.list_paths("artifacts/checkpoints/") == []


def test_a_lack_of_memory_is_a_smaller_micro_batch(
    store: Store, target: TargetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = config(target, GMI(iterations=6, restarts=3, learning_rate=0.2, micro_batch=8))
    run_attack(chosen, store)
    undisturbed = taken_out(store, chosen)
    assert undisturbed["attacks"][0]["micro_batch"] == 8
    computed = Objective.__call__

    def scarce(self: Objective, latents: torch.Tensor, labels: torch.Tensor) -> Identity:
        if len(latents) > 3:
            raise NO_MEMORY
        return computed(self, latents, labels)

    monkeypatch.setattr(Objective, "__call__", scarce)
    with pytest.warns(SmallerBatches, match="attack gmi: out of memory, repeated with 2 at a time"):
        assert run_attack(chosen, store).status == "done"
    rows = taken_out(store, chosen)
    assert rows["attacks"][0]["micro_batch"] == 2
    for row, other in zip(rows["reconstructions"], undisturbed["reconstructions"], strict=True):
        assert row["target_confidence"] == pytest.approx(other["target_confidence"], abs=0.01)
    assert rows["attacks"][0]["attack_settings"] == undisturbed["attacks"][0]["attack_settings"]


def test_a_piece_of_an_attack_that_does_not_fit_is_built_once(
    store: Store, target: TargetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[object] = []

    def too_large(*given: object) -> None:
        tries.append(given)
        raise NO_MEMORY

    monkeypatch.setattr(students, "distil", too_large)
    lomma = LOMMA(students=("small",), student_epochs=1)
    with pytest.raises(OutOfMemory, match=r"student small ran out of memory; lower lomma\.student_batch"):
        run_attack(config(target, LOMMAGMI(iterations=1, restarts=1, lomma=lomma)), store)
    assert len(tries) == 1


def test_a_training_that_does_not_fit_says_what_to_lower_and_leaves_no_row(
    target: TargetConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_: object) -> None:
        raise NO_MEMORY

    monkeypatch.setattr(torch.optim.Adam, "step", too_large)
    store = open_store(str(tmp_path), create=True)
    with pytest.raises(OutOfMemory, match="training of small_vgg ran out of memory; lower target"):
        train_target(target, store)
    assert not store.has_rows("targets", target.piece_id)
