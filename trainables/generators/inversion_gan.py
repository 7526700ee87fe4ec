"""Trains KEDMI's inversion-specific GAN: a generator that knows T through the soft labels of T on D_pub."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.attacks import InversionGenerator
from trainables.generators.k_plus_one import Discriminator, discriminator_loss, generator_loss
from trainables.generators.networks import ConvolutionalGenerator
from trainables.generators.prior import Prior
from trainables.gradient_step import gradient_step
from trainables.weights.fitting import require_fit

BETAS = (0.5, 0.999)

SoftLabels = Callable[[Tensor], Tensor]
"""T's class probabilities (B, K) of the public pictures with these indices, int64 (B,)."""


@dataclass
class InversionGAN:
    """``generator``: latents (B, z_dim) to pictures in [0, 1]; ``discriminator``: those to K logits."""

    generator: nn.Module
    discriminator: Discriminator
    z_dim: int


def untrained_gan(
    settings: InversionGenerator, prior: Prior | None, public: Tensor, classes: int, like: Tensor
) -> InversionGAN:
    """Return the GAN of ``settings`` before its first step, on the device and with the type of ``like``.

    ``public``: uint8 pictures (N, C, S, S). The weights depend on the settings alone, except for a generator
    that starts as a copy of that of ``prior``. Raises ``ValueError`` when that is ``None``.
    """
    channels, resolution = public.shape[1], public.shape[-1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_stream(settings.seed, "inversion_gan", "weights"))
        discriminator = Discriminator(channels, settings.critic_width, resolution, classes)
        generator, z_dim = _untrained_generator(settings, prior, channels, resolution)
    return InversionGAN(generator.to(like), discriminator.to(like), z_dim)


def gan_tensors(gan: InversionGAN) -> dict[str, Tensor]:
    """Return the weights by ``generator.<name>`` and ``discriminator.<name>``."""
    return dict(nn.ModuleDict(_parts(gan)).state_dict())


def load_gan(gan: InversionGAN, tensors: dict[str, Tensor]) -> InversionGAN:
    """Return ``gan`` with the weights of ``gan_tensors``, in eval mode and frozen.

    Raises ``WeightsMismatch`` for the tensors of another GAN.
    """
    both = nn.ModuleDict(_parts(gan))
    require_fit(both.state_dict(), tensors, "the inversion-specific GAN")
    both.load_state_dict(tensors)
    both.eval().requires_grad_(False)
    return gan


def _parts(gan: InversionGAN) -> dict[str, nn.Module]:
    return {"generator": gan.generator, "discriminator": gan.discriminator}


def _untrained_generator(
    settings: InversionGenerator, prior: Prior | None, channels: int, resolution: int
) -> tuple[nn.Module, int]:
    if settings.start == "prior":
        if prior is None:
            raise ValueError("start: prior, but no prior was given; name it in the piece's needs")
        (z_dim,) = prior.latent_shape("z")
        return copy.deepcopy(prior.decoder("z")).requires_grad_(True), z_dim
    generator = ConvolutionalGenerator(settings.z_dim, channels, settings.width, resolution)
    return generator, settings.z_dim


class InversionTraining:
    """One training of ``gan`` in place; every draw comes from streams named under the settings' seed.

    Real pictures come in three independent shuffles of ``public`` (labelled, unlabelled, matched), without
    mirroring, as published. ``label_of`` gives T's soft labels; T itself is not seen here.
    """

    def __init__(
        self, settings: InversionGenerator, gan: InversionGAN, public: Tensor, label_of: SoftLabels
    ) -> None:
        self.settings = settings
        self.gan = gan
        self.generator, self.discriminator = gan.generator.train(), gan.discriminator.train()
        self.like = next(gan.discriminator.parameters())
        self.public = public.to(self.like.device)
        self.label_of = label_of
        self.draws = self._stream("latents")
        self.labelled, self.unlabelled, self.matched = (
            self._shuffles(name) for name in ("labelled", "unlabelled", "matched")
        )
        self.generator_optimizer = self._adam(gan.generator)
        self.discriminator_optimizer = self._adam(gan.discriminator)

    def run(self) -> None:
        """Take all steps."""
        for _ in range(self.settings.critic_warmup_steps):
            self.discriminator_step()
        for _ in range(self.settings.generator_steps):
            for _ in range(self.settings.critic_steps_per_generator_step):
                self.discriminator_step()
            self.generator_step()

    def discriminator_step(self) -> None:
        """Take one step of the discriminator."""
        labelled = next(self.labelled)
        with torch.no_grad():
            fake = self.generator(self._latents())
        pictures = [self._pictures(labelled), self._pictures(next(self.unlabelled)), fake]
        # InstanceNorm sees one picture at a time, so that three batches may share a forward pass.
        scores = self.discriminator(torch.cat(pictures)).logits.tensor_split(3)
        loss = discriminator_loss(scores[0], self.label_of(labelled).to(self.like), *scores[1:])
        gradient_step(loss, self.discriminator_optimizer)

    def generator_step(self) -> None:
        """Take one step of the generator."""
        self.discriminator.requires_grad_(False)
        fake = self.discriminator(self.generator(self._latents()))
        with torch.no_grad():
            real = self.discriminator(self._pictures(next(self.matched))).feature
        loss = generator_loss(fake, real, self.settings.entropy_weight)
        gradient_step(loss, self.generator_optimizer)
        self.discriminator.requires_grad_(True)

    @property
    def _batch_size(self) -> int:
        return min(self.settings.batch_size, len(self.public))

    def _stream(self, name: str) -> torch.Generator:
        return torch.Generator().manual_seed(seed_stream(self.settings.seed, "inversion_gan", name))

    def _adam(self, module: nn.Module) -> torch.optim.Adam:
        return torch.optim.Adam(module.parameters(), lr=self.settings.learning_rate, betas=BETAS)

    def _latents(self) -> Tensor:
        return torch.randn(self._batch_size, self.gan.z_dim, generator=self.draws).to(self.like)

    def _pictures(self, indices: Tensor) -> Tensor:
        return self.public[indices.to(self.public.device)].to(self.like.dtype) / 255

    def _shuffles(self, name: str) -> Iterator[Tensor]:
        """Yield batches of indices for ever; what does not fill a batch waits for the next shuffle."""
        stream = self._stream(name)
        while True:
            order = torch.randperm(len(self.public), generator=stream)
            whole = len(order) // self._batch_size * self._batch_size
            yield from torch.split(order[:whole], self._batch_size)
