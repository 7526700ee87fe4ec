"""Flows of several classes: densities against the Jacobian, closed forms, and each other's absence."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from search_spaces.attacks import VMI
from tests.trainables.attacks.vmi_reference import slow_flow, slow_log_density
from trainables.attacks.class_flows import ClassFlows, log_normal
from trainables.attacks.vmi import kl_divergence

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
