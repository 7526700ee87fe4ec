"""VMI against an independent loop, and its contract."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from search_spaces.attacks import VMI
from tests.trainables.attacks.vmi_reference import slow_flow, slow_log_density, slow_vmi
from tldmi_sweep.testing.attack_contract import AttackContract
from tldmi_sweep.testing.planted_problem import Z_DIM, PlantedProblem, planted_problem
from trainables.attacks import AttackDiverged, run_attack_method
from trainables.attacks.vmi import ClassFlows, PosteriorTraining, kl_divergence, log_normal
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


DOUBLE = torch.zeros((), dtype=torch.float64)


def small(flows: int = 4, classes: int = 3, z_dim: int = 5, seed: int = 0) -> ClassFlows:
    return ClassFlows(VMI(flows=flows, flow_width=7, seed=seed), classes, z_dim, DOUBLE)


def disturbed(flows: ClassFlows, seed: int = 0) -> ClassFlows:
    """Return ``flows`` with noise on all parameters, so that no layer is zero and no two classes agree."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in flows.parameters.values():
            tensor += 0.3 * torch.randn(tensor.shape, generator=random).double()
    return flows


def noise(classes: int, samples: int, z_dim: int, seed: int = 1) -> Tensor:
    return torch.randn(classes, samples, z_dim, generator=torch.Generator().manual_seed(seed)).double()


def test_the_first_posterior_is_the_prior() -> None:
    start = noise(3, 6, 5)
    latents, log_q = small()(start)
    assert torch.equal(latents, start)
    assert torch.equal(log_q, log_normal(start))
    assert torch.equal(kl_divergence(latents, log_q), torch.zeros(3).double())


@settings(max_examples=15)
@given(flows=st.integers(1, 4), z_dim=st.integers(2, 6), seed=st.integers(0, 99))
def test_latents_and_densities_equal_the_slow_ones(flows: int, z_dim: int, seed: int) -> None:
    posteriors = disturbed(small(flows, 2, z_dim, seed), seed)
    start = noise(2, 3, z_dim, seed)
    latents, log_q = posteriors(start)
    for number in range(2):
        weights = {name: tensor[number].detach() for name, tensor in posteriors.parameters.items()}
        for sample, point in enumerate(start[number]):
            expected = slow_flow(weights, posteriors.kept, point)
            torch.testing.assert_close(latents[number, sample], expected, rtol=1e-9, atol=1e-9)
            density = slow_log_density(weights, posteriors.kept, point)
            torch.testing.assert_close(log_q[number, sample], density, rtol=1e-9, atol=1e-9)


def test_a_class_does_not_see_the_others() -> None:
    flows = disturbed(small())
    start = noise(3, 4, 5)
    before = flows(start)[0].detach()
    with torch.no_grad():
        for tensor in flows.parameters.values():
            tensor[1] += 1.0
    after = flows(start)[0]
    assert torch.equal(after[[0, 2]], before[[0, 2]])
    assert (after[1] - before[1]).abs().max() > 0.1
    gradients = torch.autograd.grad(after[1].sum(), list(flows.parameters.values()))
    assert not any(gradient[[0, 2]].any() for gradient in gradients)
    assert any(gradient[1].any() for gradient in gradients)


def gaussian() -> tuple[ClassFlows, Tensor, Tensor]:
    """Return flows that are diagonal Gaussians, their means (2, 4) and log standard deviations (2, 4)."""
    flows = small(flows=2, classes=2, z_dim=4)
    random = torch.Generator().manual_seed(3)
    mean, log_std = torch.zeros(2, 4).double(), torch.zeros(2, 4).double()
    bound = torch.log(torch.tensor(1000.0).double())
    with torch.no_grad():
        for number, keep in enumerate(flows.kept):
            bias = torch.randn(2, int((~keep).sum()), 2, generator=random).double()
            flows.parameters[f"couplings.{number}.hyper.4.bias"].copy_(bias.flatten(1))
            mean[:, ~keep] = bias[..., 0]
            log_std[:, ~keep] = bias[..., 1] / (1 + bias[..., 1].abs() / bound)
    return flows, mean, log_std


def test_density_of_a_gaussian_is_the_known_one() -> None:
    flows, mean, log_std = gaussian()
    latents, log_q = flows(noise(2, 5, 4))
    known = torch.distributions.Normal(mean[:, None], log_std[:, None].exp()).log_prob(latents).sum(-1)
    torch.testing.assert_close(log_q, known)


def test_kl_estimate_meets_the_closed_form_of_a_gaussian() -> None:
    flows, mean, log_std = gaussian()
    latents, log_q = flows(noise(2, 40_000, 4))
    estimate = kl_divergence(latents, log_q)
    known = (0.5 * ((2 * log_std).exp() + mean.square() - 1) - log_std).sum(1)
    error = (log_q - log_normal(latents)).std(1) / 200
    assert known.min() > 1
    assert ((estimate - known).abs() < 4 * error).all()
    assert error.max() < 0.05


@pytest.mark.parametrize(("flows", "z_dim"), [(1, 2), (2, 5), (5, 9)])
def test_couplings_keep_a_half_then_the_other(flows: int, z_dim: int) -> None:
    kept = small(flows, z_dim=z_dim).kept
    assert len(kept) == flows
    assert all(abs(2 * int(keep.sum()) - z_dim) <= 1 for keep in kept)
    assert all(torch.equal(kept[number], ~kept[number - 1]) for number in range(1, flows, 2))
    assert flows < 3 or not torch.equal(kept[0], kept[2])


def test_the_first_weights_depend_on_the_seed_alone() -> None:
    state = torch.get_rng_state()
    one, two, other = small(), small(), small(seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    name = "couplings.0.hyper.0.weight"
    assert torch.equal(one.parameters[name], two.parameters[name])
    assert not torch.equal(one.parameters[name], other.parameters[name])


def test_log_normal_is_the_density_of_the_prior() -> None:
    latents = noise(2, 3, 4)
    known = torch.distributions.Normal(0.0, 1.0).log_prob(latents).sum(-1)
    torch.testing.assert_close(log_normal(latents), known)
