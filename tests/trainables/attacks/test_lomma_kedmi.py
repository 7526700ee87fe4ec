"""LOMMA over KEDMI: its contract, and a trajectory against an independent loop."""

import pytest
import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.attacks import LOMMA, LOMMAKEDMI, InversionGenerator
from tests.contracts.attack_contract import AttackContract
from tests.contracts.planted_problem import CLASSES, PUBLIC, Z_DIM, PlantedProblem, planted_problem
from tests.trainables.attacks.kedmi_reference import slow_gaussian
from trainables.attacks import run_attack_method
from trainables.attacks.inversion_generator import inversion_gan
from trainables.attacks.students import load_students

GENERATOR = InversionGenerator(start="prior", generator_steps=2, batch_size=16, critic_width=4)


class TestLOMMAKEDMI(AttackContract):
    kind = "lomma_kedmi"
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
def test_trajectory_equals_an_independent_loop(wanted: int) -> None:
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
