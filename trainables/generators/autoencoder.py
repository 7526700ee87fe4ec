"""Starts a convolutional generator as the decoder of a variational autoencoder of the public pictures.

A WGAN-GP from nothing needs ten thousands of steps before its pictures show anyone; a decoder needs hundreds.
Its pictures are softer. Source: Kingma and Welling, "Auto-encoding variational Bayes", 2014; the l1
reconstruction and the small weight of the divergence favour likeness over new samples.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.priors import WGANGP
from trainables.generators.networks import SMALLEST, stage_count
from trainables.gradient_step import gradient_step

LEARNING_RATE = 2e-3
DIVERGENCE_WEIGHT = 1e-4
"""Weight of the divergence (nats a picture) against the l1 error (mean over pixels, range [0, 1])."""
BETAS = (0.5, 0.999)


class Encoder(nn.Module):
    """Pictures (B, C, S, S) in [0, 1] to mean and log-variance, each (B, z_dim), of a normal posterior."""

    def __init__(self, z_dim: int, channels: int, width: int, resolution: int) -> None:
        super().__init__()
        widths = [channels, *(width * 2**stage for stage in range(stage_count(resolution)))]
        halvings = [_halving(before, after) for before, after in pairwise(widths)]
        self.layers = nn.Sequential(*halvings, nn.Flatten(), nn.Linear(widths[-1] * SMALLEST**2, 2 * z_dim))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return the posterior of ``pictures``."""
        mean, log_variance = self.layers(pictures).chunk(2, dim=1)
        return mean, log_variance


def _halving(before: int, after: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, 5, 2, 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.LeakyReLU(0.2))


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, exp(log_variance)) || N(0, I)) of each row: (B,), in nats.

    >>> divergence(torch.zeros(1, 3), torch.zeros(1, 3)).item()
    0.0
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


def train_decoder(settings: WGANGP, generator: nn.Module, public: Tensor) -> None:
    """Train ``generator`` in place as a decoder for ``settings.autoencoder_steps`` steps.

    ``public``: uint8 pictures (N, C, S, S); each is mirrored half of the time. The learning rate rises and
    falls once (one cycle). Every draw comes from a stream named under the settings' seed.
    """
    if not settings.autoencoder_steps:
        return
    draws = torch.Generator().manual_seed(seed_stream(settings.seed, "autoencoder"))
    encoder = _encoder(settings, public).to(next(generator.parameters()).device)
    weights = [*generator.parameters(), *encoder.parameters()]
    optimizer = torch.optim.Adam(weights, lr=LEARNING_RATE, betas=BETAS)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, settings.autoencoder_steps)
    generator.train()
    for _ in range(settings.autoencoder_steps):
        loss = decoder_loss(encoder, generator, _batch(settings, public, draws), draws)
        gradient_step(loss, optimizer)
        schedule.step()


def decoder_loss(
    encoder: nn.Module, generator: nn.Module, pictures: Tensor, draws: torch.Generator
) -> Tensor:
    """Return mean l1 error of the decoded pictures + weighted mean divergence, a scalar."""
    mean, log_variance = encoder(pictures.to(next(generator.parameters()).device))
    noise = torch.randn(mean.shape, generator=draws).to(mean.device)
    decoded = generator(mean + torch.exp(0.5 * log_variance) * noise)
    error = (decoded - pictures.to(mean.device)).abs().mean()
    loss: Tensor = error + DIVERGENCE_WEIGHT * divergence(mean, log_variance).mean()
    return loss


def _encoder(settings: WGANGP, public: Tensor) -> Encoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_stream(settings.seed, "encoder"))
        return Encoder(settings.z_dim, public.shape[1], settings.width // 2, public.shape[-1])


def _batch(settings: WGANGP, public: Tensor, draws: torch.Generator) -> Tensor:
    """Return a random batch of ``public``, some mirrored, as float (B, C, S, S) in [0, 1]."""
    size = min(settings.batch_size, len(public))
    pictures = public[torch.randint(len(public), (size,), generator=draws)]
    mirrored = torch.rand(size, generator=draws) < 0.5
    return torch.where(mirrored[:, None, None, None], pictures.flip(-1), pictures).float() / 255
