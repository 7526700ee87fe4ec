"""VMI against an independent loop, and its contract."""

import pytest
import torch
from torch import Tensor

from search_spaces.attacks import VMI
from tests.contracts.attack_contract import AttackContract
from tests.contracts.planted_problem import Z_DIM, PlantedProblem, planted_problem
from tests.trainables.attacks.vmi_reference import slow_vmi
from trainables.attacks import AttackDiverged, run_attack_method
from trainables.attacks.class_flows import ClassFlows
from trainables.attacks.vmi import PosteriorTraining, kl_divergence
from trainables.storage.checkpoint import NothingKept

SETTINGS = VMI(
    iterations=40,
    restarts=2,
    samples_per_step=4,
    optimizer="adam",
    learning_rate=0.02,
    flows=2,
    flow_width=8,
    micro_batch=50,
)


class TestVMI(AttackContract):
    kind = "vmi"
    settings = SETTINGS

    def test_queries_are_the_pictures_shown_to_the_target(self) -> None:
        problem = planted_problem()
        seen: list[int] = []
        problem.target.register_forward_pre_hook(lambda module, inputs: seen.append(len(inputs[0])))
        result = self.attack(problem, classes=(1, 4, 6))
        assert sum(seen) == result.total_queries == 3 * 40 * 4
        assert not result.queries[result.restart > 0].any()


@pytest.mark.parametrize(("optimizer", "learning_rate"), [("sgd", 3e-4), ("adam", 0.01)])
def test_trajectory_equals_an_independent_loop(optimizer: str, learning_rate: float) -> None:
    settings = VMI.model_validate(
        {
            "optimizer": optimizer,
            "learning_rate": learning_rate,
            "iterations": 8,
            "restarts": 3,
            "samples_per_step": 4,
            "kl_weight": 0.3,
            "prior_std": 0.6,
            "flows": 3,
            "flow_width": 5,
            "micro_batch": 3,
        }
    )
    problem = planted_problem(dtype=torch.float64)
    result = run_attack_method(settings, problem.attacker(), (6, 1))
    flows = ClassFlows(settings, 1, Z_DIM, torch.zeros((), dtype=torch.float64))
    first = {name: tensor[0].detach() for name, tensor in flows.parameters.items()}
    problem.target.eval()
    for number, wanted in enumerate((6, 1)):
        expected = slow_vmi(settings, problem, first, flows.kept, wanted)
        rows = result.latents[3 * number : 3 * number + 3]
        torch.testing.assert_close(rows, expected, rtol=0, atol=1e-10)
        start = slow_vmi(settings.model_copy(update={"iterations": 0}), problem, first, flows.kept, wanted)
        assert (rows - start).abs().max() > 0.05


def _trained(kl_weight: float) -> tuple[Tensor, Tensor]:
    """Return samples (1, 500, 2) of a posterior under the loss 2 (z_1 - 2)^2, and its KL estimate."""
    settings = VMI(
        optimizer="adam", learning_rate=0.02, iterations=200, samples_per_step=48, kl_weight=kl_weight,
        flows=2, flow_width=8,
    )  # fmt: skip
    flows = ClassFlows(settings, 1, 2, torch.zeros((), dtype=torch.float64))

    def gradient(latents: Tensor, labels: Tensor) -> Tensor:
        return torch.stack([4 * (latents[:, 0] - 2), torch.zeros(len(latents)).double()], dim=1)

    PosteriorTraining(settings, flows, gradient, (0,), 2).run(NothingKept())
    noise = torch.randn(1, 500, 2, generator=torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        latents, log_q = flows(noise)
        return latents, kl_divergence(latents, log_q)


def test_the_posterior_is_bayes() -> None:
    """Under a quadratic loss and kl_weight 1 the optimum is N(4 * 2 / 5, 1 / 5): precision 1 + 4."""
    latents, divergence = _trained(kl_weight=1.0)
    mean, std = latents[0].mean(0).tolist(), latents[0].std(0).tolist()
    assert mean == [pytest.approx(1.6, abs=0.1), pytest.approx(0.0, abs=0.15)]
    assert std == [pytest.approx(5**-0.5, abs=0.06), pytest.approx(1.0, abs=0.12)]
    assert divergence.item() == pytest.approx(
        0.5 * (0.2 + 1.6**2 - 1 + torch.log(torch.tensor(5.0)).item()), abs=0.2
    )


def test_a_small_kl_weight_lets_the_posterior_leave_the_prior() -> None:
    free, held = _trained(kl_weight=0.01)[1], _trained(kl_weight=10.0)[1]
    assert free.item() > 3
    assert held.item() < 0.3


def test_a_broken_target_is_reported_not_scored() -> None:
    problem: PlantedProblem = planted_problem()
    with torch.no_grad():
        problem.target.head.bias.fill_(torch.nan)
    with pytest.raises(AttackDiverged, match="16 of 16 latents are not finite"):
        run_attack_method(SETTINGS.model_copy(update={"iterations": 2}), problem.attacker(), tuple(range(8)))
