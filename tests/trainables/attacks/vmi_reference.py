"""VMI once more, slowly and from its equations: one class at a time, one sample at a time.

Log-determinants come from the Jacobian, optimiser steps are written out. The flow's first weights are given.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd.functional import jacobian

from search_spaces import seed_stream
from search_spaces.attacks import VMI
from tldmi_sweep.testing.planted_problem import PlantedProblem

Weights = dict[str, Tensor]


def slow_flow(weights: Weights, kept: Sequence[Tensor], noise: Tensor) -> Tensor:
    """Return z (z_dim,) of one noise vector: z_b = exp(s) x_b + t, (t, s) a network of the kept half."""
    here = noise
    for number, keep in enumerate(kept):
        hidden = here[keep]
        for layer in (0, 2):
            before = _affine(weights, f"couplings.{number}.hyper.{layer}", hidden)
            hidden = torch.where(before > 0, before, before.clamp(max=0).exp() - 1)
        shift, scale = _affine(weights, f"couplings.{number}.hyper.4", hidden).view(-1, 2).unbind(1)
        bounded = scale / (1 + scale.abs() / math.log(1000))
        moved = torch.zeros_like(here)
        moved[keep], moved[~keep] = here[keep], here[~keep] * bounded.exp() + shift
        here = moved
    return here


def _affine(weights: Weights, name: str, inputs: Tensor) -> Tensor:
    return weights[f"{name}.weight"] @ inputs + weights[f"{name}.bias"]


def slow_log_density(weights: Weights, kept: Sequence[Tensor], noise: Tensor) -> Tensor:
    """Return log q of the latent of ``noise`` (z_dim,): change of variables with the whole Jacobian."""
    matrix = jacobian(lambda point: slow_flow(weights, kept, point), noise, create_graph=True)
    return _log_prior(noise) - torch.linalg.slogdet(matrix).logabsdet


def _log_prior(latent: Tensor) -> Tensor:
    return torch.distributions.Normal(0.0, 1.0).log_prob(latent).sum()


def slow_vmi(
    settings: VMI, problem: PlantedProblem, weights: Weights, kept: Sequence[Tensor], wanted: int
) -> Tensor:
    """Return the latents (restarts, z_dim) of one class, float64, from the flow's first ``weights``."""
    weights = {name: tensor.double().clone().requires_grad_() for name, tensor in weights.items()}
    dimension = len(kept[0])
    random = torch.Generator().manual_seed(seed_stream(settings.seed, "vmi", wanted))
    memory: dict[str, Tensor] = {}
    for step in range(1, settings.iterations + 1):
        loss = torch.zeros((), dtype=torch.float64)
        for noise in torch.randn(settings.samples_per_step, dimension, generator=random).double():
            latent = slow_flow(weights, kept, noise)
            logits = problem.target(problem.prior.generator(settings.prior_std * latent[None])).logits[0]
            surprise = torch.logsumexp(logits, 0) - logits[wanted]
            divergence = slow_log_density(weights, kept, noise) - _log_prior(latent)
            loss = loss + (surprise + settings.kl_weight * divergence) / settings.samples_per_step
        gradients = torch.autograd.grad(loss, list(weights.values()))
        update = _sgd if settings.optimizer == "sgd" else _adam
        for (name, tensor), gradient in zip(weights.items(), gradients, strict=True):
            update(settings, memory, name, tensor, gradient, step)
    noises = [
        torch.randn(
            dimension,
            generator=torch.Generator().manual_seed(seed_stream(settings.seed, "latents", wanted, restart)),
        )
        for restart in range(settings.restarts)
    ]
    latents = [slow_flow(weights, kept, noise.double()).detach() for noise in noises]
    return settings.prior_std * torch.stack(latents)


def _sgd(
    settings: VMI, memory: dict[str, Tensor], name: str, tensor: Tensor, gradient: Tensor, step: int
) -> None:
    memory[name] = settings.momentum * memory.get(name, torch.zeros_like(gradient)) + gradient
    tensor.data -= settings.learning_rate * memory[name]


def _adam(
    settings: VMI, memory: dict[str, Tensor], name: str, tensor: Tensor, gradient: Tensor, step: int
) -> None:
    first = 0.9 * memory.get(f"{name} first", torch.zeros_like(gradient)) + 0.1 * gradient
    second = 0.999 * memory.get(f"{name} second", torch.zeros_like(gradient)) + 0.001 * gradient * gradient
    memory |= {f"{name} first": first, f"{name} second": second}
    size = (second / (1 - 0.999**step)).sqrt() + 1e-8
    tensor.data -= settings.learning_rate * first / (1 - 0.9**step) / size
