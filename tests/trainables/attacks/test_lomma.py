"""LOMMA over GMI and KEDMI: contracts, trajectories against independent loops, and the loss."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.attacks import (
    LOMMA,
    LOMMAGMI,
    LOMMAKEDMI,
    InversionGenerator,
    PublicFeature,
)
from search_spaces.settings import Settings
from tests.trainables.attacks.kedmi_reference import slow_gaussian
from tldmi_sweep.testing.attack_contract import AttackContract
from tldmi_sweep.testing.planted_problem import CLASSES, PUBLIC, Z_DIM, PlantedProblem, planted_problem
from trainables.attacks import Attacker, run_attack_method
from trainables.attacks.kedmi import inversion_gan
from trainables.attacks.lomma import LogitLoss, feature_mean, lomma_loss
from trainables.attacks.rows import attack_rows, start_latents
from trainables.attacks.students import load_students
from trainables.models.target_model import TargetOutput


class TestLOMMAGMI(AttackContract):
    settings = LOMMAGMI(
        iterations=30,
        restarts=2,
        learning_rate=0.02,
        micro_batch=5,
        lomma=LOMMA(students=("small",), student_epochs=2, student_batch_size=16),
    )

    def test_queries_of_everything_made_of_this_target(self, problem: PlantedProblem) -> None:
        fewer = self.settings.lomma.model_copy(update={"regularisation_images": 10})
        assert self.attack(problem, iterations=1, lomma=fewer).shared_queries == PUBLIC + 10
        alone = LOMMA(students=(), regularisation_images=10)
        assert self.attack(problem, iterations=1, lomma=alone).shared_queries == 10


def slow_row(
    problem: PlantedProblem, students: list[nn.Module], settings: LOMMAGMI, start: Tensor, label: int
) -> Tensor:
    """Return the latent of one row after torch's own Nesterov SGD on the published loss."""
    latent = nn.Parameter(start.clone())
    optimiser = torch.optim.SGD([latent], settings.learning_rate, settings.momentum, nesterov=True)
    problem.target.eval()
    p_reg = problem.target(problem.public.double() / 255).feature.detach().mean(0)
    for _ in range(settings.iterations):
        image = problem.prior.generator(latent[None])
        output = problem.target(image)
        logits = [output.logits[0, label], *(student(image)[0, label] for student in students)]
        loss = sum(-logit / len(logits) for logit in logits)
        loss = loss + settings.lomma.regularisation_weight * nn.functional.mse_loss(output.feature[0], p_reg)
        total = settings.identity_weight * loss - settings.prior_weight * problem.prior.critic(image)[0]
        optimiser.zero_grad()
        (total / settings.norm_batch).backward()
        optimiser.step()
        with torch.no_grad():
            latent.clamp_(-settings.clip, settings.clip)
    return latent.detach()


def test_trajectory_over_gmi_equals_an_independent_loop() -> None:
    problem = planted_problem(dtype=torch.float64)
    lomma = LOMMA(students=("small", "small"), student_epochs=1, regularisation_weight=0.7)
    settings = LOMMAGMI(iterations=40, restarts=1, learning_rate=1e-3, lomma=lomma)
    result = run_attack_method(settings, problem.attacker(), (1, 6))
    students = load_students(lomma, problem.attacker())
    starts = start_latents(attack_rows((1, 6), 1), settings.seed, problem.prior, "z").double()
    for row, label in enumerate((1, 6)):
        expected = slow_row(problem, students, settings, starts[row], label)
        assert (result.latents[row] - starts[row]).abs().max() > 0.1
        assert (result.latents[row] - expected).abs().max() < 1e-11


GENERATOR = InversionGenerator(start="prior", generator_steps=2, batch_size=16, critic_width=4)


class TestLOMMAKEDMI(AttackContract):
    settings = LOMMAKEDMI(
        iterations=30,
        restarts=2,
        learning_rate=0.2,
        norm_batch=1,
        micro_batch=5,
        generator=GENERATOR,
        initial_log_variance=0.0,
        lomma=LOMMA(students=("small",), student_epochs=2, student_batch_size=16),
    )

    @classmethod
    def generator(cls, problem: PlantedProblem) -> nn.Module:
        return inversion_gan(cls.settings.generator, problem.attacker()).generator

    def first_latents(self, problem: PlantedProblem) -> Tensor:
        seen: list[Tensor] = []
        hook = problem.prior.generator.register_forward_pre_hook(
            lambda module, inputs: seen.append(inputs[0].detach().clone())
        )
        untrained = GENERATOR.model_copy(update={"generator_steps": 0})
        self.attack(problem, micro_batch=1000, generator=untrained)  # its copy keeps the hook
        hook.remove()
        return seen[0]

    def test_queries_of_everything_made_of_this_target(self, problem: PlantedProblem) -> None:
        result = self.attack(problem, iterations=2)
        assert result.shared_queries == 3 * PUBLIC  # soft labels twice, features of p_reg
        assert result.queries.tolist() == [2, 0] * CLASSES

    def test_the_students_take_part(self, problem: PlantedProblem) -> None:
        alone = self.attack(problem, iterations=5, lomma=LOMMA(students=()))
        assert not torch.equal(alone.latents, self.attack(problem, iterations=5).latents)


@pytest.mark.parametrize("wanted", [1, 6])
def test_trajectory_over_kedmi_equals_an_independent_loop(wanted: int) -> None:
    problem = planted_problem(dtype=torch.float64)
    lomma = LOMMA(students=("small", "small"), student_epochs=1, regularisation_weight=0.7)
    settings = LOMMAKEDMI(iterations=70, restarts=1, generator=GENERATOR, lomma=lomma)
    result = run_attack_method(settings, problem.attacker(), (wanted,))
    gan, students = inversion_gan(GENERATOR, problem.attacker()), load_students(lomma, problem.attacker())
    problem.target.eval()
    p_reg = problem.target(problem.public.double() / 255).feature.detach().mean(0)

    def loss_of(latent: Tensor) -> Tensor:
        image = gan.generator(latent[None])
        output = problem.target(image)
        logits = [output.logits[0, wanted], *(student(image)[0, wanted] for student in students)]
        odds = gan.discriminator(image).logits[0].exp().sum()
        identity = -sum(logits) / 3 + 0.7 * (output.feature[0] - p_reg).square().mean()
        return 100 * identity - (odds / (1 + odds)).log()

    mean, log_variance = slow_gaussian(settings, loss_of, wanted, Z_DIM)
    random = torch.Generator().manual_seed(seed_stream(settings.seed, "samples", wanted, 0))
    sample = mean + (log_variance / 2).exp() * torch.randn(Z_DIM, generator=random).double()
    assert mean.abs().max() > 0.1
    assert (result.latents[0] - sample.clamp(-1, 1)).abs().max() < 1e-10


class TinyTarget(nn.Module):
    """Feature of two numbers, three logits."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(2, 3)

    def forward(self, images: Tensor) -> TargetOutput:
        feature = images.flatten(1)[:, :2]
        return TargetOutput(feature, self.head(feature))


@pytest.mark.parametrize("students", [0, 1, 3])
def test_loss_is_the_published_sum(students: int) -> None:
    torch.manual_seed(0)
    target = TinyTarget().double()
    others = [nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).double() for _ in range(students)]
    images, labels = torch.rand(5, 1, 2, 2).double(), torch.tensor([0, 2, 1, 1, 0])
    p_reg = torch.tensor([0.3, -0.4]).double()
    loss, logits = LogitLoss(target, others, p_reg, weight=1.7)(images, labels)
    expected = 0.0
    for image, label in zip(images, labels.tolist(), strict=True):
        output = target(image[None])
        of_models = [output.logits, *(student(image[None]) for student in others)]
        expected -= sum(each[0, label].item() for each in of_models) / (students + 1)
        distances = [(output.feature[0, d].item() - p_reg[d].item()) ** 2 for d in range(2)]
        expected += 1.7 * sum(distances) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    assert torch.equal(logits, target(images).logits)


def test_p_reg_is_the_mean_eval_mode_feature() -> None:
    problem = planted_problem(dtype=torch.float64)
    mean = feature_mean(PublicFeature(images=5000, seed=0), problem.target, problem.public)
    assert problem.target.training
    problem.target.eval()
    expected = sum(problem.target(picture[None].double() / 255).feature[0] for picture in problem.public)
    torch.testing.assert_close(mean, (expected / PUBLIC).detach())


def test_p_reg_of_fewer_pictures_is_a_mean_of_some_that_the_seed_chooses() -> None:
    problem = planted_problem(dtype=torch.float64)
    means = [
        feature_mean(PublicFeature(images=7, seed=seed), problem.target, problem.public) for seed in (0, 0, 1)
    ]
    assert torch.equal(means[0], means[1])
    assert not torch.equal(means[0], means[2])


def test_what_is_kept_is_asked_for_by_what_decides_it() -> None:
    """The weight of the regulariser and the epochs of students change nothing in p_reg."""
    problem, asked = planted_problem(), []

    def keep(settings: Settings, build: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        asked.append(settings)
        return build()

    attacker = Attacker(problem.target, problem.prior, problem.public, keep)
    for lomma in (LOMMA(students=("small",), student_epochs=1), LOMMA(students=(), regularisation_weight=3)):
        lomma_loss(lomma, attacker)
    assert asked[0] == asked[2] == PublicFeature(images=5000, seed=0)
    assert [type(settings).__name__ for settings in asked] == [
        "PublicFeature",
        "StudentRecipe",
        "PublicFeature",
    ]
