"""KEDMI against an independent loop, its contract, and what it keeps and counts."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.attacks import KEDMI, InversionGenerator
from search_spaces.settings import Settings
from tests.trainables.attacks.kedmi_reference import slow_gaussian
from tldmi_sweep.testing.attack_contract import AttackContract
from tldmi_sweep.testing.planted_problem import CLASSES, PUBLIC, Z_DIM, PlantedProblem, planted_problem
from trainables.attacks import AttackDiverged, Attacker, Reconstructions, run_attack_method
from trainables.attacks.kedmi import GaussianDescent, Gaussians, inversion_gan
from trainables.attacks.objective import CrossEntropy, Objective, real_prior
from trainables.storage.checkpoint import NothingKept

GENERATOR = InversionGenerator(start="prior", generator_steps=5, batch_size=16, critic_width=4)
UNTRAINED = GENERATOR.model_copy(update={"generator_steps": 0})
SETTINGS = KEDMI(
    iterations=40, restarts=2, learning_rate=0.15, norm_batch=1, micro_batch=5, generator=GENERATOR
)


class TestKEDMI(AttackContract):
    settings = SETTINGS

    @classmethod
    def generator(cls, problem: PlantedProblem) -> nn.Module:
        return inversion_gan(cls.settings.generator, problem.attacker()).generator

    def first_latents(self, problem: PlantedProblem) -> Tensor:
        seen: list[Tensor] = []
        hook = problem.prior.generator.register_forward_pre_hook(
            lambda module, inputs: seen.append(inputs[0].detach().clone())
        )
        self.attack(problem, micro_batch=1000, generator=UNTRAINED)  # its copy keeps the hook
        hook.remove()
        return seen[0]

    def test_the_generator_is_trained_for_this_target(self, problem: PlantedProblem) -> None:
        other = planted_problem(dtype=torch.float64)
        with torch.no_grad():
            other.target.head.weight.mul_(-1)
        weights = [list(self.generator(each).parameters()) for each in (problem, other)]
        weights.append(list(problem.prior.generator.parameters()))
        assert not torch.equal(weights[0][0], weights[1][0])
        assert not torch.equal(weights[0][0], weights[2][0])


@pytest.mark.parametrize(
    "changes",
    [
        {"iterations": 150},  # more than two blocks of noise
        {"clip_in": "nowhere", "initial_log_variance": 1.0},
        {"prior_weight": 0.0, "norm_batch": 1.0, "clip": 0.5},
    ],
)
def test_trajectory_equals_an_independent_loop(changes: dict[str, object]) -> None:
    problem = planted_problem(dtype=torch.float64)
    settings = KEDMI(generator=UNTRAINED, iterations=70).model_copy(update=changes)
    gan = inversion_gan(settings.generator, problem.attacker())
    identity = CrossEntropy(problem.target)
    objective = Objective(settings, gan.generator, identity, real_prior(gan.discriminator))
    classes = torch.tensor([0, 3, 6])
    like = torch.zeros(1, dtype=torch.float64)
    result = GaussianDescent(settings, objective, classes, Z_DIM, like).run(NothingKept())
    problem.target.eval()

    def loss_of(latent: Tensor, wanted: int) -> Tensor:
        image = gan.generator(latent[None])
        surprise = -problem.target(image).logits.softmax(1)[0, wanted].log()
        odds = gan.discriminator(image).logits[0].exp().sum()
        return settings.identity_weight * surprise - settings.prior_weight * (odds / (1 + odds)).log()

    for row, wanted in enumerate((0, 3, 6)):
        mean, log_variance = slow_gaussian(
            settings, lambda latent, wanted=wanted: loss_of(latent, wanted), wanted, Z_DIM
        )
        assert mean.abs().max() > 0.1
        assert (result.mean[row] - mean).abs().max() < 1e-10
        assert (result.log_variance[row] - log_variance).abs().max() < 1e-10


def test_samples_come_from_the_gaussian_and_each_has_its_own_stream() -> None:
    problem = planted_problem(dtype=torch.float64)
    settings = SETTINGS.model_copy(update={"generator": UNTRAINED, "clip_in": "nowhere", "iterations": 3})
    result = run_attack_method(settings, problem.attacker(), (4, 1))
    gan = inversion_gan(UNTRAINED, problem.attacker())
    objective = Objective(
        settings, gan.generator, CrossEntropy(problem.target), real_prior(gan.discriminator)
    )
    like, classes = torch.zeros(1, dtype=torch.float64), torch.tensor([4, 1])
    found = GaussianDescent(settings, objective, classes, Z_DIM, like).run(NothingKept())
    for row, (wanted, restart) in enumerate([(4, 0), (4, 1), (1, 0), (1, 1)]):
        random = torch.Generator().manual_seed(seed_stream(settings.seed, "samples", wanted, restart))
        noise = torch.randn(Z_DIM, generator=random).double()
        expected = found.mean[row // 2] + (found.log_variance[row // 2] / 2).exp() * noise
        torch.testing.assert_close(result.latents[row], expected)


def test_a_clamped_coordinate_gets_no_gradient() -> None:
    mean = torch.tensor([[0.0, 0.0]], requires_grad=True)
    sample = Gaussians(mean, torch.zeros(1, 2)).sample(torch.tensor([[0.5, 1.5]]), clip=1.0)
    assert sample.tolist() == [[0.5, 1.0]]
    sample.sum().backward()
    assert mean.grad is not None
    assert mean.grad.tolist() == [[1.0, 0.0]]


def queries(**changes: object) -> Reconstructions:
    settings = SETTINGS.model_copy(update={"iterations": 4, "restarts": 3, **changes})
    return run_attack_method(settings, planted_problem().attacker(), (2, 5))


def test_queries_of_a_class_are_counted_once_and_labels_as_shared() -> None:
    result = queries()
    assert result.queries.tolist() == [4, 0, 0, 4, 0, 0]
    assert result.shared_queries == PUBLIC
    published = GENERATOR.model_copy(update={"teacher_mode": "train", "critic_warmup_steps": 2})
    assert queries(generator=published).shared_queries == (2 + 5 * 5) * 16


def test_a_kept_generator_is_not_trained_again_and_gives_the_same_result() -> None:
    problem, kept, built = planted_problem(), {}, []

    def keep(settings: Settings, build: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        if settings not in kept:
            built.append(settings)
            kept[settings] = {tensor: value.clone() for tensor, value in build().items()}
        return kept[settings]

    attacker = Attacker(problem.target, problem.prior, problem.public, keep)
    first, second = (
        run_attack_method(SETTINGS.model_copy(update={"learning_rate": rate}), attacker, (0, 1))
        for rate in (SETTINGS.learning_rate, 0.3)
    )
    assert built == [SETTINGS.generator]
    anew = run_attack_method(SETTINGS, problem.attacker(), (0, 1))
    assert torch.equal(first.images, anew.images)
    assert not torch.equal(first.latents, second.latents)


def test_a_diverging_generator_is_reported() -> None:
    problem = planted_problem()
    with torch.no_grad():
        problem.target.head.bias.fill_(math.nan)
    with pytest.raises(AttackDiverged, match="inversion-specific GAN diverged"):
        run_attack_method(SETTINGS, problem.attacker(), tuple(range(CLASSES)))
