"""LOMMA over KEDMI: its contract."""

import torch
from torch import Tensor, nn

from search_spaces.attacks import LOMMA, LOMMAKEDMI, InversionGenerator
from tests.contracts.attack_contract import AttackContract
from tests.contracts.planted_problem import CLASSES, PUBLIC, PlantedProblem
from trainables.attacks.inversion_generator import inversion_gan

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
