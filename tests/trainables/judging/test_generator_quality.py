"""The quality of generators: one row each, comparable between generators, with a grid of samples."""

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces import AttackConfig, TargetConfig
from search_spaces.attacks import GMI
from search_spaces.defenses import Defense
from search_spaces.evaluation import TrainedClassifier
from search_spaces.priors import WGANGP
from search_spaces.targets import TargetSettings
from tldmi_sweep.testing.tiny_data import tiny_image_folder
from trainables.datasets import load_data
from trainables.judging.generator_quality import record_generator
from trainables.judging.judging import load_judge
from trainables.prior import load_prior
from trainables.step import single_threaded
from trainables.storage.artifacts import load_tensors, save_tensors

SCRATCH = WGANGP(z_dim=8, width=4, critic_width=4, generator_steps=0, critic_warmup_steps=0, batch_size=8)
EIGENFACES = SCRATCH.model_copy(update={"initial": "eigenfaces"})


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> TargetConfig:
    folder = tiny_image_folder(tmp_path_factory.mktemp("pictures"), 4, resolution=16)
    settings = TargetSettings(architecture="small_vgg")
    return TargetConfig(data=folder, target=settings, defense=Defense(), seed=0)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "runs"), create=True)


def config(target: TargetConfig, generator: WGANGP, seed: int = 0, judge: int = 0) -> AttackConfig:
    return AttackConfig(
        target=target,
        attack=GMI(seed=seed),
        prior=generator,
        evaluators=(TrainedClassifier(epochs=4, width=4, seed=judge),),
    )


def recorded(of: AttackConfig, store: Store) -> list[dict[str, Any]]:
    """Record the generator and return the table."""
    single_threaded()
    data = load_data(of.target.data)
    judge = load_judge(of.evaluator_configs[0], store, data)
    record_generator(of, store, data, load_prior(of.prior_config, store), judge)
    rows: list[dict[str, Any]] = store.read_rows("generators").to_pylist()
    return rows


def test_it_is_recorded_once(target: TargetConfig, store: Store) -> None:
    (row,) = recorded(config(target, SCRATCH), store)
    assert recorded(config(target, SCRATCH, seed=1), store) == [row]
    assert row["generator_id"] == config(target, SCRATCH).prior_config.piece_id
    assert (row["fid_features"], row["fid_images"], row["public_images"]) == ("trained_classifier", 64, 24)
    assert row["fid"] > 0
    assert len(recorded(config(target, SCRATCH, judge=1), store)) == 2  # the features of another network


def test_the_better_generator_is_nearer_to_the_public_pictures(target: TargetConfig, store: Store) -> None:
    rows = {}
    for name, generator in (("scratch", SCRATCH), ("eigenfaces", EIGENFACES)):
        of = config(target, generator)
        found = recorded(of, store)
        rows[name] = next(row for row in found if row["generator_id"] == of.prior_config.piece_id)
    assert rows["eigenfaces"]["fid"] < rows["scratch"]["fid"]
    assert rows["eigenfaces"]["kid"] < rows["scratch"]["kid"]


def test_the_grid_shows_samples(target: TargetConfig, store: Store) -> None:
    (row,) = recorded(config(target, EIGENFACES), store)
    sheet = Image.open(io.BytesIO(store.get_bytes(row["sheet"])))
    assert sheet.size == (8 * 16, 8 * 16)
    pixels = torch.frombuffer(bytearray(sheet.tobytes()), dtype=torch.uint8).view(8, 16, 8, 16, -1)
    cells = pixels.permute(0, 2, 1, 3, 4).flatten(0, 1).flatten(1).double()
    assert len(cells.unique(dim=0)) == 64
    public = load_data(target.data).public.images.double()
    assert (cells.mean() - public.mean()).abs() < 20


def test_it_repeats_in_another_store(target: TargetConfig, store: Store, tmp_path: Path) -> None:
    other = open_store(str(tmp_path / "other"), create=True)
    names = ("fid", "kid", "fid_images", "config", "sheet")
    (one,), (two,) = (recorded(config(target, SCRATCH), each) for each in (store, other))
    assert [one[name] for name in names] == [two[name] for name in names]
    assert store.get_bytes(one["sheet"]) == other.get_bytes(two["sheet"])


def test_features_that_an_older_store_has_not_kept_are_computed(target: TargetConfig, store: Store) -> None:
    of = config(target, SCRATCH)
    (row,) = recorded(of, store)
    path = f"artifacts/real_pictures/{of.evaluator_configs[0].piece_id}.safetensors"
    tensors = load_tensors(store, path)
    save_tensors(store, path, {name: tensors[name] for name in ("features", "accepted")})
    for part in store.list_paths("generators/"):
        store.delete(part)
    (again,) = recorded(of, store)
    assert (again["fid"], again["kid"]) == (row["fid"], row["kid"])
