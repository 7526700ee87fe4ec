"""The step that trains T, killed in the middle: the next one goes on and writes the same row and weights."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from results.schema import TIMING_COLUMNS
from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces import TargetConfig
from search_spaces.defenses import Defense
from search_spaces.targets import TargetSettings
from tldmi_sweep.testing.tiny_data import tiny_image_folder
from trainables import target
from trainables.storage.checkpoint import CHECKPOINT_VARIABLE, Checkpoint, CheckpointUnusable, Resumable
from trainables.target import train_target
from trainables.training.training import TrainingFailed

ROOT = Path(__file__).parent.parent.parent
KILLED = textwrap.dedent("""
    import os, signal, sys
    from results.stores.opening import open_store
    from search_spaces import TargetConfig
    from trainables.storage.checkpoint import Checkpoint
    from trainables.target import train_target

    save_if_due, kept = Checkpoint.save_if_due, []

    def fatal(self, work):
        save_if_due(self, work)
        kept.append(work)
        if len(kept) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    Checkpoint.save_if_due = fatal
    train_target(TargetConfig.model_validate_json(sys.argv[1]), open_store(sys.argv[2]))
""")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TargetConfig:
    monkeypatch.setenv(CHECKPOINT_VARIABLE, "0")
    settings = TargetSettings(
        architecture="small_vgg",
        epochs=5,
        batch_size=8,
        optimizer="adam",
        learning_rate=0.005,
        validation_fraction=0.2,
        selection="validation_best",
    )
    folder = tiny_image_folder(tmp_path / "faces", resolution=16)
    return TargetConfig(data=folder, target=settings, defense=Defense(), seed=1)


@pytest.fixture
def stores(tmp_path: Path) -> tuple[Store, Store]:
    """A store that is left alone, and one whose step is killed."""
    return tuple(open_store(str(tmp_path / name), create=True) for name in ("undisturbed", "killed"))


def written(store: Store, config: TargetConfig) -> tuple[object, object]:
    (row,) = store.read_rows("targets", config.piece_id).to_pylist()
    curve = store.read_rows("curves", config.piece_id).to_pylist()
    return {name: value for name, value in row.items() if name not in TIMING_COLUMNS}, curve


def checkpoints(store: Store) -> list[str]:
    return store.list_paths("artifacts/checkpoints/")


@pytest.mark.load
def test_a_killed_process_loses_at_most_one_epoch(config: TargetConfig, stores: tuple[Store, Store]) -> None:
    undisturbed, killed = stores
    train_target(config, undisturbed)
    command = [sys.executable, "-c", KILLED, config.model_dump_json(), killed.uri]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environment, cwd=ROOT, timeout=250, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert checkpoints(killed) == [f"artifacts/checkpoints/{config.piece_id}.safetensors"]
    assert not killed.has_rows("targets", config.piece_id)
    epochs: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        epoch = target.Training._epoch
        patch.setattr(
            target.Training,
            "_epoch",
            lambda self, number, *rest: epochs.append(number) or epoch(self, number, *rest),
        )
        train_target(config, killed)
    assert epochs == [2, 3, 4]
    assert written(killed, config) == written(undisturbed, config)
    assert checkpoints(killed) == checkpoints(undisturbed) == []


def test_a_corrupt_checkpoint_is_a_training_from_the_start(
    config: TargetConfig, stores: tuple[Store, Store]
) -> None:
    undisturbed, killed = stores
    train_target(config, undisturbed)
    killed.put_bytes(f"artifacts/checkpoints/{config.piece_id}.safetensors", b"half a file")
    with pytest.warns(CheckpointUnusable):
        train_target(config, killed)
    assert written(killed, config) == written(undisturbed, config)
    assert checkpoints(killed) == []


def test_the_seconds_of_earlier_runs_count(
    config: TargetConfig, stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    def earlier(self: Checkpoint, work: Resumable) -> None:
        self.seconds_before = 1000.0

    monkeypatch.setattr(Checkpoint, "resume", earlier)
    train_target(config, stores[0])
    (row,) = stores[0].read_rows("targets", config.piece_id).to_pylist()
    assert 1000 < row["training_seconds"] < 1100


def test_a_failed_training_leaves_no_checkpoint(
    config: TargetConfig, stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise TrainingFailed("collapsed", [])

    monkeypatch.setattr(target.Training, "_require_usable", broken)
    assert train_target(config, stores[0]).status == "failed"
    assert checkpoints(stores[0]) == []
