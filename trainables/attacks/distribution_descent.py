"""The inversion of KEDMI and LOMMA-K: Adam steps on mean and log variance of a latent Gaussian per class."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.attacks import DistributionDescent
from trainables.attacks.attacker import Attacker
from trainables.attacks.inference import latent_like
from trainables.attacks.inversion_generator import inversion_gan, labelling_queries
from trainables.attacks.latent_descent import LatentLoss
from trainables.attacks.objective import IdentityLoss, Objective, real_prior
from trainables.attacks.reconstructions import Reconstructions, reconstructions, render
from trainables.attacks.rows import Rows, attack_rows

NOISE_BLOCK = 64
"""Steps whose noise a class draws at once; another value would draw other noise."""


@dataclass(frozen=True)
class Gaussians:
    """``mean`` and ``log_variance``, each (K, z_dim): a diagonal normal of latents per class."""

    mean: Tensor
    log_variance: Tensor

    def sample(self, noise: Tensor, clip: float | None) -> Tensor:
        """Return mean + exp(log_variance / 2) * noise, clamped to ``clip`` where that is given."""
        latents = self.mean + torch.exp(self.log_variance / 2) * noise
        return latents if clip is None else latents.clamp(-clip, clip)


def invert_distributions(
    settings: DistributionDescent,
    attacker: Attacker,
    classes: Sequence[int],
    identity: IdentityLoss,
    shared_queries: int = 0,
) -> Reconstructions:
    """Return ``restarts`` samples of the optimised Gaussian of each class; T and the prior stay untouched.

    The inversion-specific generator of this T is trained, unless it is kept from before. The loss is a sum
    over classes divided by ``norm_batch``; ``micro_batch`` counts classes and decides speed and memory only.
    The samples of a class share one optimisation: its queries (one image an iteration) are counted at the
    first; labelling D_pub counts as shared. Raises ``AttackDiverged``.
    """
    rows = attack_rows(classes, settings.restarts)
    gan = inversion_gan(settings.generator, attacker)
    objective = Objective(settings, gan.generator, identity, real_prior(gan.discriminator))
    like = latent_like(objective.generator)
    parts = torch.split(torch.tensor(list(classes)), settings.micro_batch)
    found = [descend(settings, objective, part, gan.z_dim, like) for part in parts]
    latents = _samples(settings, rows, _joined(found))
    return reconstructions(
        rows,
        latents,
        render(objective.generator, latents, settings.micro_batch),
        queries=settings.iterations * (rows.restart == 0),
        shared_queries=shared_queries + labelling_queries(settings.generator, attacker.public),
    )


def descend(
    settings: DistributionDescent, loss: LatentLoss, classes: Tensor, z_dim: int, like: Tensor
) -> Gaussians:
    """Return the Gaussians of ``classes``, int64 (K,), after ``iterations`` steps of Adam from mean 0.

    Each step takes one sample per class; a clamped coordinate gets no gradient. Nothing bounds the variance.
    ``like`` has the type and device of latents.
    """
    shape = (len(classes), z_dim)
    mean = nn.Parameter(torch.zeros(shape).to(like))
    log_variance = nn.Parameter(torch.full(shape, settings.initial_log_variance).to(like))
    optimizer = torch.optim.Adam([mean, log_variance], lr=settings.learning_rate)
    noise, labels = _noise(settings.seed, classes.tolist(), z_dim), classes.to(like.device)
    for _ in range(settings.iterations):
        with torch.enable_grad():
            latents = Gaussians(mean, log_variance).sample(next(noise).to(like), _clip(settings))
            total = loss(latents, labels).loss
        mean.grad, log_variance.grad = torch.autograd.grad(total, [mean, log_variance])
        optimizer.step()
    return Gaussians(mean.detach(), log_variance.detach())


def _clip(settings: DistributionDescent) -> float | None:
    return settings.clip if settings.clip_in == "forward" else None


def _noise(seed: int, classes: list[int], z_dim: int) -> Iterator[Tensor]:
    """Yield normal noise, float32 (K, z_dim), for ever; each class has its own stream, the same for any T."""
    streams = [torch.Generator().manual_seed(seed_stream(seed, "noise", each)) for each in classes]
    while True:
        blocks = [torch.randn(NOISE_BLOCK, z_dim, generator=stream) for stream in streams]
        yield from torch.stack(blocks, dim=1)


def _samples(settings: DistributionDescent, rows: Rows, found: Gaussians) -> Tensor:
    """Return one latent per row; its noise depends on the seed, its class and its restart alone."""
    seeds = [seed_stream(settings.seed, "samples", *pair) for pair in rows.pairs()]
    z_dim = found.mean.shape[1]
    noise = [torch.randn(z_dim, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    each = Gaussians(
        *(part.repeat_interleave(settings.restarts, 0) for part in (found.mean, found.log_variance))
    )
    return each.sample(torch.stack(noise).to(found.mean), _clip(settings))


def _joined(parts: list[Gaussians]) -> Gaussians:
    return Gaussians(
        torch.cat([part.mean for part in parts]), torch.cat([part.log_variance for part in parts])
    )
