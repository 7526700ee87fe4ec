"""The generator step: built once, read back, and refused when it diverged."""

from pathlib import Path

import pytest
import torch

from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces import PriorConfig
from search_spaces.priors import WGANGP
from tldmi_sweep.testing.tiny_data import tiny_image_folder
from trainables import prior as step
from trainables.build import StepFailed
from trainables.generators import prior_tensors
from trainables.prior import build_prior, load_prior
from trainables.storage.artifacts import ArtifactRebuilt


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"), create=True)


@pytest.fixture
def config(tmp_path: Path) -> PriorConfig:
    settings = WGANGP(z_dim=6, width=4, critic_width=4, generator_steps=2, batch_size=8)
    return PriorConfig(data=tiny_image_folder(tmp_path, resolution=16), prior=settings)


def test_it_is_built_once(store: Store, config: PriorConfig) -> None:
    assert build_prior(config, store).status == "done"
    data = store.get_bytes(config.artifact_path)
    outcome = build_prior(config, store)
    assert outcome.status == "found"
    assert outcome.values["artifact"] == config.artifact_path
    assert store.get_bytes(config.artifact_path) == data


def test_loading_builds_what_is_missing_and_gives_the_same_prior(store: Store, config: PriorConfig) -> None:
    built, read = load_prior(config, store), load_prior(config, store)
    latents = torch.randn(3, 6, generator=torch.Generator().manual_seed(0))
    images = read.generator(latents)
    assert images.shape == (3, 3, 16, 16)
    assert images.min() >= 0
    assert images.max() <= 1
    assert read.critic(images).shape == (3,)
    assert torch.equal(built.generator(latents), images)


def test_weights_that_diverged_are_not_kept(
    store: Store, config: PriorConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        step,
        "prior_tensors",
        lambda prior: {name: tensor * torch.nan for name, tensor in prior_tensors(prior).items()},
    )
    outcome = build_prior(config, store)
    assert outcome.status == "failed"
    assert "not finite" in (outcome.reason or "")
    assert not store.exists(config.artifact_path)
    with pytest.raises(StepFailed, match="not finite"):
        load_prior(config, store)


def test_a_corrupt_prior_is_trained_again_with_a_warning(store: Store, config: PriorConfig) -> None:
    build_prior(config, store)
    before = store.get_bytes(config.artifact_path)
    store.put_bytes(config.artifact_path, before[:100])
    with pytest.warns(ArtifactRebuilt, match="built again"):
        load_prior(config, store)
    assert store.get_bytes(config.artifact_path) == before
