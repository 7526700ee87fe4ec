"""LOMMA over GMI: its contract, and a trajectory against an independent loop."""

import torch
from torch import Tensor, nn

from search_spaces.attacks import LOMMA, LOMMAGMI
from tests.contracts.attack_contract import AttackContract
from tests.contracts.planted_problem import PUBLIC, PlantedProblem, planted_problem
from trainables.attacks import run_attack_method
from trainables.attacks.rows import attack_rows, start_latents
from trainables.attacks.students import load_students


class TestLOMMAGMI(AttackContract):
    kind = "lomma_gmi"
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


def test_trajectory_equals_an_independent_loop() -> None:
    problem = planted_problem(dtype=torch.float64)
    lomma = LOMMA(students=("small", "small"), student_epochs=1, regularisation_weight=0.7)
    settings = LOMMAGMI(iterations=40, restarts=1, learning_rate=1e-3, lomma=lomma)
    result = run_attack_method(settings, problem.attacker(), (1, 6))
    students = load_students(lomma, problem.attacker())
    starts = start_latents(attack_rows((1, 6), 1), settings.seed, problem.prior.z_dim).double()
    for row, label in enumerate((1, 6)):
        expected = slow_row(problem, students, settings, starts[row], label)
        assert (result.latents[row] - starts[row]).abs().max() > 0.1
        assert (result.latents[row] - expected).abs().max() < 1e-11
