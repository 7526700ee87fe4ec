"""Priors of every kind: reproducible, restored as they were, refused where they cannot be made."""

import pytest
import torch

from search_spaces import PriorConfig
from search_spaces.datasets import ORLFaces
from search_spaces.priors import WGANGP
from tldmi_sweep.testing import PriorContract
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.generators import prior_tensors, restore_prior, train_prior
from trainables.weights.fitting import WeightsMismatch

DATA = tiny_face_data(resolution=16, channels=1)


def config(**changes: object) -> PriorConfig:
    plain = {
        "z_dim": 6,
        "width": 4,
        "critic_width": 4,
        "batch_size": 8,
        "generator_steps": 2,
        "critic_warmup_steps": 1,
    }
    return PriorConfig(data=ORLFaces(), prior=WGANGP(**{**plain, **changes}))


class TestWGANGP(PriorContract):
    settings = config(autoencoder_steps=2).prior


class TestEigenfaces(PriorContract):
    settings = config(initial="eigenfaces").prior


class TestResized(PriorContract):
    settings = config(resolution=8).prior


@pytest.mark.parametrize("initial", [None, "eigenfaces"])
def test_another_seed_is_another_critic(initial: str | None) -> None:
    first, other = (prior_tensors(train_prior(config(initial=initial, seed=seed), DATA)) for seed in (0, 1))
    assert any(not torch.equal(first[name], other[name]) for name in first if name.startswith("critic."))


def test_eigenfaces_without_generator_steps_stay_as_measured() -> None:
    short = prior_tensors(train_prior(config(initial="eigenfaces", generator_steps=0), DATA))
    long = prior_tensors(
        train_prior(config(initial="eigenfaces", generator_steps=0, critic_warmup_steps=3), DATA)
    )
    assert torch.equal(short["generator.components"], long["generator.components"])
    assert short["generator.components"].abs().sum() > 0


def test_tensors_of_another_prior_are_refused() -> None:
    tensors = prior_tensors(train_prior(config(generator_steps=0), DATA))
    with pytest.raises(WeightsMismatch, match=r"generator\.components"):
        restore_prior(config(initial="eigenfaces"), DATA, tensors)


def test_a_packaged_generator_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="z_dim 100 and makes pictures of 64x64"):
        train_prior(config(initial="digiface_dcgan"), DATA)


def test_a_prior_of_its_own_size_is_trained_on_resized_pictures_and_shown_resized() -> None:
    asked = config(resolution=8)
    prior = train_prior(asked, DATA)
    latents = torch.randn(2, 6)
    assert prior.decode(latents, "z").shape == (2, 1, 8, 8)
    shown = prior.target_decoder("z")(latents)
    assert shown.shape == (2, 1, 16, 16)
    restored = restore_prior(asked, DATA, prior_tensors(prior))
    assert torch.equal(restored.target_decoder("z")(latents), shown)


def test_a_prior_of_the_size_of_the_data_is_shown_as_it_is() -> None:
    prior = train_prior(config(generator_steps=0), DATA)
    assert prior.target_decoder("z") is prior.decoder("z")
