"""GMI, white box: Nesterov steps on 100 x identity loss + critic prior (Zhang et al., CVPR 2020)."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_spaces.attacks import GMI
from trainables.attacks.attacker import Attacker
from trainables.attacks.inference import inference_copy, latent_like
from trainables.attacks.reconstructions import Reconstructions, reconstructions, render
from trainables.attacks.rows import attack_rows, start_latents
from trainables.generators import Prior

LatentGradient = Callable[[Tensor], Tensor]
"""Gradient of the loss: latents (R, z_dim) to a tensor of the same shape."""


def gmi(settings: GMI, attacker: Attacker, classes: Sequence[int]) -> Reconstructions:
    """Return one reconstruction per class and restart; T and the prior are left untouched.

    The loss is a sum over rows divided by ``norm_batch``, so rows do not know of each other and
    ``micro_batch`` decides speed and memory only. Queries: one image per row and iteration.
    Raises ``AttackDiverged`` when latents stop being finite.
    """
    rows = attack_rows(classes, settings.restarts)
    prior = attacker.prior
    objective = Objective(settings, attacker.target, prior)
    starts = start_latents(rows, settings.seed, prior.z_dim).to(latent_like(objective.generator))
    wanted = rows.class_index.to(starts.device)
    parts = (torch.split(tensor, settings.micro_batch) for tensor in (starts, wanted))
    latents = torch.cat(
        [
            nesterov(settings, objective.gradient_for(labels), part)
            for part, labels in zip(*parts, strict=True)
        ]
    )
    return reconstructions(
        rows,
        latents,
        render(objective.generator, latents, settings.micro_batch),
        queries=torch.full((len(rows),), settings.iterations),
    )


def nesterov(settings: GMI, gradient: LatentGradient, start: Tensor) -> Tensor:
    """Return the latents after ``iterations`` steps of the published update from ``start`` (R, z_dim).

    v' = m v - lr g;  z' = clamp(z - m v + (1 + m) v', -clip, clip): Nesterov's momentum m. Clamping leaves
    the velocity alone, and ``start`` is not clamped before the first gradient.
    """
    latents, velocity = start, torch.zeros_like(start)
    momentum = settings.momentum
    for _ in range(settings.iterations):
        previous = velocity
        velocity = momentum * previous - settings.learning_rate * gradient(latents)
        stepped = latents - momentum * previous + (1 + momentum) * velocity
        latents = stepped.clamp(-settings.clip, settings.clip)
    return latents


class Objective:
    """The loss sum_i (identity_weight CE_i - prior_weight D_i) / norm_batch of fixed networks T, G, D."""

    def __init__(self, settings: GMI, target: nn.Module, prior: Prior) -> None:
        self.settings = settings
        self.target = inference_copy(target)
        self.generator = inference_copy(prior.generator)
        self.critic = inference_copy(prior.critic)

    def gradient_for(self, labels: Tensor) -> LatentGradient:
        """Return the gradient with respect to latents of rows that attack ``labels``, int64 (R,)."""
        return lambda latents: self._gradient(latents, labels)

    def _gradient(self, latents: Tensor, labels: Tensor) -> Tensor:
        free = latents.detach().requires_grad_()
        with torch.enable_grad():
            gradient: Tensor = torch.autograd.grad(self.loss(free, labels), free)[0]
        return gradient

    def loss(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Return the loss, a scalar, of ``latents`` (R, z_dim) that attack ``labels`` (R,)."""
        images = self.generator(latents)
        identity = F.cross_entropy(self.target(images).logits, labels, reduction="sum")
        loss = self.settings.identity_weight * identity
        if self.settings.prior_weight:
            loss = loss - self.settings.prior_weight * self.critic(images).sum()
        return loss / self.settings.norm_batch
