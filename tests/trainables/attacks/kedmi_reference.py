"""KEDMI's inversion once more, slowly and from its equations: one class, one step, one coordinate rule."""

from collections.abc import Callable

import torch
from torch import Tensor

from search_spaces import seed_stream

BLOCK = 64
"""Steps whose noise is drawn at once."""


def slow_gaussian(
    settings: object, loss_of: Callable[[Tensor], Tensor], wanted: int, z_dim: int
) -> tuple[Tensor, Tensor]:
    """Return mean and log variance, each float64 (z_dim,), of one class.

    ``loss_of`` gives the loss of the latent of this class, before the division by ``norm_batch``.
    """
    mean = torch.zeros(z_dim, dtype=torch.float64)
    log_variance = torch.full((z_dim,), settings.initial_log_variance, dtype=torch.float64)
    moments = {name: torch.zeros(z_dim, dtype=torch.float64) for name in ("m1", "m2", "v1", "v2")}
    random = torch.Generator().manual_seed(seed_stream(settings.seed, "noise", wanted))
    block = torch.empty(0)
    for step in range(1, settings.iterations + 1):
        if (step - 1) % BLOCK == 0:
            block = torch.randn(BLOCK, z_dim, generator=random)
        noise = block[(step - 1) % BLOCK].double()
        sampled = mean + (log_variance.exp()) ** 0.5 * noise
        latent = sampled.clone()
        if settings.clip_in == "forward":
            latent = torch.minimum(
                torch.maximum(latent, torch.tensor(-settings.clip)), torch.tensor(settings.clip)
            )
        point = latent.requires_grad_()
        (slope,) = torch.autograd.grad(loss_of(point) / settings.norm_batch, point)
        inside = (
            (sampled.abs() <= settings.clip) if settings.clip_in == "forward" else torch.ones(z_dim).bool()
        )
        slope = slope * inside
        mean, moments["m1"], moments["v1"] = _adam(
            mean, slope, moments["m1"], moments["v1"], step, settings.learning_rate
        )
        spread = slope * noise * (log_variance / 2).exp() / 2
        log_variance, moments["m2"], moments["v2"] = _adam(
            log_variance, spread, moments["m2"], moments["v2"], step, settings.learning_rate
        )
    return mean.detach(), log_variance.detach()


def _adam(
    value: Tensor, slope: Tensor, first: Tensor, second: Tensor, step: int, rate: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return value and moments after one step of Adam (Kingma and Ba 2015, algorithm 1)."""
    first = 0.9 * first + 0.1 * slope
    second = 0.999 * second + 0.001 * slope**2
    moved = value - rate * (first / (1 - 0.9**step)) / ((second / (1 - 0.999**step)) ** 0.5 + 1e-8)
    return moved, first, second
