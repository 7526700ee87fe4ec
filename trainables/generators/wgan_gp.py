"""The prior of GMI: generator and critic of a Wasserstein GAN, gradient penalty (Gulrajani et al. 2017)."""

from collections.abc import Iterator, Mapping
from typing import Self

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.priors import WGANGP
from trainables.generators.autoencoder import train_decoder
from trainables.generators.dcgan import DCGANGenerator, load_digiface_dcgan
from trainables.generators.eigenfaces import EigenfaceGenerator, eigenfaces
from trainables.generators.networks import ConvolutionalGenerator, Critic
from trainables.generators.prior import Prior
from trainables.gradient_step import gradient_step
from trainables.implementations import implements
from trainables.step import device

BETAS = (0.5, 0.999)


@implements(WGANGP)
class GANPrior(Prior):
    """A GAN with latents z ~ N(0, I).

    ``generator``: (B, z_dim) to pictures (B, C, R, R) in [0, 1]; ``critic``: those to scores (B,).
    """

    def __init__(self, generator: nn.Module, critic: nn.Module | None, z_dim: int) -> None:
        self.generator = generator
        self.critic = critic
        self.z_dim = z_dim
        self.to_target = nn.Identity()

    @classmethod
    def build(cls, settings: WGANGP, public: Tensor) -> Self:
        """Train generator and critic on ``public``, uint8 pictures (N, C, R, R)."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_stream(settings.seed, "generator"))
            prior = cls.blank(settings, public.shape[1], public.shape[-1])
        assert prior.critic is not None  # ``blank`` makes one
        prior.generator.to(device())
        _start(prior.generator, settings, public)
        prior.critic.to(device())
        train_wgan_gp(settings, prior.generator, prior.critic, public)
        return prior

    @classmethod
    def blank(cls, settings: WGANGP, channels: int, side: int) -> Self:
        """Return an untrained prior of pictures (``channels``, ``side``, ``side``), on the CPU."""
        critic = Critic(channels, settings.critic_width, side)
        return cls(_generator(settings, channels, side), critic, settings.z_dim)

    def decoder(self, space: str) -> nn.Module:
        """Return the generator."""
        return self.generator

    def latent_shape(self, space: str) -> tuple[int, ...]:
        """Return (z_dim,)."""
        return (self.z_dim,)

    def sample(self, count: int, random: torch.Generator, space: str) -> Tensor:
        """Return N(0, I) latents, float32 (``count``, z_dim), on the CPU."""
        return torch.randn(count, self.z_dim, generator=random, dtype=torch.float32)

    def networks(self) -> Mapping[str, nn.Module]:
        """Return generator and critic."""
        return {"generator": self.generator, **({} if self.critic is None else {"critic": self.critic})}


def _generator(settings: WGANGP, channels: int, side: int) -> nn.Module:
    if settings.initial == "eigenfaces":
        return EigenfaceGenerator(settings.z_dim, channels, side)
    if settings.initial == "digiface_dcgan":
        return DCGANGenerator(settings.z_dim, channels, side)
    return ConvolutionalGenerator(settings.z_dim, channels, settings.width, side)


def _start(generator: nn.Module, settings: WGANGP, public: Tensor) -> None:
    """Give the generator the weights it starts from; ``public``: uint8 pictures (N, C, R, R)."""
    if isinstance(generator, EigenfaceGenerator):
        generator.load_state_dict(eigenfaces(public, settings.z_dim))
    elif isinstance(generator, DCGANGenerator):
        load_digiface_dcgan(generator)
    else:
        train_decoder(settings, generator, public)


def train_wgan_gp(settings: WGANGP, generator: nn.Module, critic: nn.Module, public: Tensor) -> None:
    """Train both networks in place on ``public``, uint8 pictures (N, C, S, S).

    ``critic_warmup_steps`` steps of the critic first; then, ``generator_steps`` times, the critic's steps and
    one of the generator. Pictures are visited in random order, each mirrored half of the time. The networks
    stay in training mode, whose batch statistics the published training uses.
    """
    Training(settings, generator, critic, public).run()


def critic_loss(critic: nn.Module, real: Tensor, fake: Tensor, mix: Tensor, weight: float) -> Tensor:
    """Return mean D(fake) - mean D(real) + ``weight`` * mean (||grad D at the mixture||_2 - 1)^2, a scalar.

    ``mix`` (B,) in [0, 1] says how far each mixture real + mix (fake - real) is from ``real`` (B, C, S, S).
    """
    scores = critic(torch.cat([fake, real]))
    distance = scores[: len(fake)].mean() - scores[len(fake) :].mean()
    mixtures = torch.lerp(real, fake, mix.view(-1, 1, 1, 1))
    loss: Tensor = distance + weight * gradient_penalty(critic, mixtures)
    return loss


def gradient_penalty(critic: nn.Module, pictures: Tensor) -> Tensor:
    """Return mean_b (||d critic / d picture_b||_2 - 1)^2, a scalar that can be differentiated again."""
    pictures = pictures.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(pictures).sum(), pictures, create_graph=True)
    norms: Tensor = gradient.flatten(1).norm(dim=1)
    return (norms - 1).square().mean()


class Training:
    """One training; every draw comes from streams named under the settings' seed."""

    def __init__(self, settings: WGANGP, generator: nn.Module, critic: nn.Module, public: Tensor) -> None:
        self.settings = settings
        self.generator = generator.train()
        self.critic = critic.train()
        self.public = public
        self.device = next(critic.parameters()).device
        self.draws = torch.Generator().manual_seed(seed_stream(settings.seed, "wgan_gp"))
        self.batches = self._batches()
        self.critic_optimizer = self._adam(critic)
        self.generator_optimizer = self._adam(generator)

    def run(self) -> None:
        """Take all steps."""
        for _ in range(self.settings.critic_warmup_steps):
            self.critic_step()
        for _ in range(self.settings.generator_steps):
            for _ in range(self.settings.critic_steps_per_generator_step):
                self.critic_step()
            self.generator_step()

    def critic_step(self) -> None:
        """Take one step of the critic."""
        real = next(self.batches)
        with torch.no_grad():
            fake = self.generator(self._latents(len(real)))
        mix = torch.rand(len(real), generator=self.draws).to(self.device)
        loss = critic_loss(self.critic, real, fake, mix, self.settings.gradient_penalty)
        gradient_step(loss, self.critic_optimizer)

    def generator_step(self) -> None:
        """Take one step of the generator, which lowers -mean D(G(z))."""
        self.critic.requires_grad_(False)
        loss = -self.critic(self.generator(self._latents(self._batch_size))).mean()
        gradient_step(loss, self.generator_optimizer)
        self.critic.requires_grad_(True)

    @property
    def _batch_size(self) -> int:
        return min(self.settings.batch_size, len(self.public))

    def _adam(self, module: nn.Module) -> torch.optim.Adam:
        return torch.optim.Adam(module.parameters(), lr=self.settings.learning_rate, betas=BETAS)

    def _latents(self, count: int) -> Tensor:
        return torch.randn(count, self.settings.z_dim, generator=self.draws).to(self.device)

    def _batches(self) -> Iterator[Tensor]:
        """Yield real batches (B, C, S, S) in [0, 1] for ever; what does not fill a batch waits for no one."""
        while True:
            order = torch.randperm(len(self.public), generator=self.draws)
            for start in range(0, len(order) - self._batch_size + 1, self._batch_size):
                yield self._mirrored(self.public[order[start : start + self._batch_size]])

    def _mirrored(self, pictures: Tensor) -> Tensor:
        flips = torch.rand(len(pictures), generator=self.draws) < 0.5
        chosen = torch.where(flips[:, None, None, None], pictures.flip(-1), pictures)
        return chosen.to(self.device).float() / 255
