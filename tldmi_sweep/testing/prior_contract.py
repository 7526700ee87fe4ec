"""What every prior must do."""

from dataclasses import replace
from typing import ClassVar

import pytest
import torch
from torch import Tensor

from search_spaces import PriorConfig
from search_spaces.datasets import DrawnPersons
from search_spaces.priors import PRIORS, PriorSettings
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.datasets.dataset import FaceData
from trainables.generators import Prior, prior_tensors, restore_prior, train_prior

DATA = tiny_face_data(resolution=16)


def latents_of(prior: Prior, space: str, count: int = 6, seed: int = 0) -> Tensor:
    """Return latents of the prior that depend on the seed alone."""
    return prior.sample(count, torch.Generator().manual_seed(seed), space).to(prior.like())


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    """Return whether two priors have the same weights, bit for bit."""
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


class PriorContract:
    """Inherit it as ``class TestMine(PriorContract): settings = Mine()``."""

    settings: ClassVar[PriorSettings]
    """Settings that are trained in seconds."""
    data: ClassVar[FaceData] = DATA
    """Data that it is trained on: four public classes, in colour, 16 pixels a side."""

    @classmethod
    def config(cls) -> PriorConfig:
        """Return a configuration; the data settings only name the data, which are given in memory."""
        return PriorConfig(data=DrawnPersons(), prior=cls.settings)

    @classmethod
    def train(cls, data: FaceData | None = None) -> Prior:
        """Return the prior, trained on ``data`` or on those of the contract."""
        torch.set_num_threads(1)
        return train_prior(cls.config(), data or cls.data)

    @pytest.fixture(scope="class")
    @classmethod
    def prior(cls) -> Prior:
        """Return the trained prior."""
        return cls.train()

    def test_is_registered_and_fits_the_data(self) -> None:
        assert PRIORS[self.settings.kind] is type(self.settings)
        assert self.settings.resolution_error(self.data.resolution) is None

    def test_it_is_what_its_settings_say(self, prior: Prior) -> None:
        assert prior.spaces == self.settings.spaces
        assert len(prior.spaces) > 0
        assert (prior.critic is not None) == self.settings.has_critic

    def test_its_networks_are_frozen_and_in_eval_mode(self, prior: Prior) -> None:
        assert prior.networks()
        for network in prior.networks().values():
            assert not any(module.training for module in network.modules())
            assert not any(parameter.requires_grad for parameter in network.parameters())

    def test_its_latents_depend_on_the_given_generator_alone(self, prior: Prior) -> None:
        before = torch.get_rng_state()
        for space in prior.spaces:
            one = prior.sample(6, torch.Generator().manual_seed(0), space)
            assert one.shape == (6, *prior.latent_shape(space))
            assert (one.dtype, one.device.type) == (torch.float32, "cpu")
            assert torch.equal(one, prior.sample(6, torch.Generator().manual_seed(0), space))
            assert not torch.equal(one, prior.sample(6, torch.Generator().manual_seed(1), space))
            assert not torch.equal(one[0], one[1])
        assert torch.equal(before, torch.get_rng_state())

    def test_its_pictures_have_their_size_and_range(self, prior: Prior) -> None:
        side = self.settings.side(self.data.resolution)
        for space in prior.spaces:
            pictures = prior.decode(latents_of(prior, space), space)
            assert pictures.shape == (6, self.data.channels, side, side)
            low, high = pictures.aminmax()
            assert low >= 0
            assert high <= 1
            assert not torch.allclose(pictures[0], pictures[1])

    def test_the_target_is_shown_pictures_of_its_own_size(self, prior: Prior) -> None:
        side = self.data.resolution
        for space in prior.spaces:
            shown = prior.target_decoder(space)(latents_of(prior, space))
            assert shown.shape == (6, self.data.channels, side, side)

    def test_a_picture_is_the_same_alone_and_among_others(self, prior: Prior) -> None:
        for space in prior.spaces:
            latents = latents_of(prior, space)
            alone = prior.decode(latents[2:3], space)
            torch.testing.assert_close(alone[0], prior.decode(latents, space)[2], atol=1e-5, rtol=1e-5)

    def test_the_gradient_reaches_the_latents(self, prior: Prior) -> None:
        for space in prior.spaces:
            latents = latents_of(prior, space).requires_grad_()
            (gradient,) = torch.autograd.grad(prior.target_decoder(space)(latents).square().sum(), latents)
            assert gradient.isfinite().all()
            assert gradient.abs().sum() > 0

    def test_clamping_draws_latents_to_the_centre(self, prior: Prior) -> None:
        for space in prior.spaces:
            latents = latents_of(prior, space, count=50)
            inside = prior.clamp(latents, 0.5, space)
            assert not torch.equal(inside, latents)
            torch.testing.assert_close(prior.clamp(inside, 0.5, space), inside)
            torch.testing.assert_close(prior.clamp(latents, 1e3, space), latents)

    def test_a_critic_scores_each_picture(self, prior: Prior) -> None:
        if prior.critic is None:
            return
        side = self.settings.side(self.data.resolution)
        pictures = torch.rand(5, self.data.channels, side, side, generator=torch.Generator().manual_seed(0))
        scores = prior.critic(pictures.to(prior.like()))
        assert scores.shape == (5,)
        assert scores.isfinite().all()

    def test_training_again_gives_the_same_bits(self, prior: Prior) -> None:
        torch.manual_seed(12345)
        before = torch.get_rng_state()
        again = self.train()
        assert torch.equal(before, torch.get_rng_state())
        assert same(prior_tensors(prior), prior_tensors(again))

    def test_it_learns_of_public_pictures_and_of_no_others(self, prior: Prior) -> None:
        other = tiny_face_data(resolution=self.data.resolution, channels=self.data.channels, seed=5)
        strangers = replace(self.data, private_train=other.private_train, private_test=other.private_test)
        assert same(prior_tensors(prior), prior_tensors(self.train(strangers)))
        assert not same(prior_tensors(prior), prior_tensors(self.train(other)))

    def test_kept_tensors_restore_it_bit_for_bit(self, prior: Prior) -> None:
        again = restore_prior(self.config(), self.data, prior_tensors(prior))
        assert same(prior_tensors(prior), prior_tensors(again))
        for space in prior.spaces:
            latents = latents_of(prior, space)
            assert torch.equal(prior.decode(latents, space), again.decode(latents, space))
        self.test_its_networks_are_frozen_and_in_eval_mode(again)
