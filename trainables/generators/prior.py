"""A prior: generator and critic of public pictures, trained once for all targets of a sweep."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from search_spaces import PriorConfig, seed_stream
from search_spaces.generators import WGANGP
from trainables.datasets.dataset import FaceData
from trainables.generators.autoencoder import train_decoder
from trainables.generators.dcgan import DCGANGenerator, load_digiface_dcgan
from trainables.generators.eigenfaces import EigenfaceGenerator, eigenfaces
from trainables.generators.networks import ConvolutionalGenerator, Critic
from trainables.generators.wgan_gp import train_wgan_gp
from trainables.step import device
from trainables.weights.fitting import require_fit


@dataclass
class Prior:
    """``generator``: latents (B, z_dim) to pictures (B, C, S, S) in [0, 1]; ``critic``: those to (B,)."""

    generator: nn.Module
    critic: nn.Module
    z_dim: int


def train_prior(config: PriorConfig, data: FaceData) -> Prior:
    """Return the prior of ``config``, trained on the public pictures of ``data`` alone; in eval mode, frozen.

    The same bits for the same configuration and data. Raises ``ValueError`` when the generator cannot make
    pictures of this size, or
    ``trainables.storage.archives.ArchiveError`` when packaged weights cannot be had.
    """
    settings, public = config.prior, data.public.images
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_stream(settings.seed, "generator"))
        prior = _untrained(settings, data.channels, data.resolution)
    prior.generator.to(device())
    _start(prior.generator, settings, public)
    prior.critic.to(device())
    train_wgan_gp(settings, prior.generator, prior.critic, public)
    return _frozen(prior)


def prior_tensors(prior: Prior) -> dict[str, Tensor]:
    """Return the weights of generator and critic by ``generator.<name>`` and ``critic.<name>``."""
    parts = {"generator": prior.generator, "critic": prior.critic}
    return {
        f"{part}.{name}": tensor
        for part, module in parts.items()
        for name, tensor in module.state_dict().items()
    }


def prior_from_tensors(
    config: PriorConfig, channels: int, resolution: int, tensors: dict[str, Tensor]
) -> Prior:
    """Return the prior whose ``prior_tensors`` these are: on the CPU, in eval mode, frozen.

    Raises ``WeightsMismatch`` for the tensors of another configuration.
    """
    with torch.random.fork_rng(devices=[]):
        prior = _untrained(config.prior, channels, resolution)
    require_fit(prior_tensors(prior), tensors, f"the prior {config.piece_id}")
    for part, module in (("generator", prior.generator), ("critic", prior.critic)):
        prefix = f"{part}."
        module.load_state_dict(
            {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        )
    return _frozen(prior)


def _untrained(settings: WGANGP, channels: int, resolution: int) -> Prior:
    critic = Critic(channels, settings.critic_width, resolution)
    return Prior(_generator(settings, channels, resolution), critic, settings.z_dim)


def _generator(settings: WGANGP, channels: int, resolution: int) -> nn.Module:
    if settings.initial == "eigenfaces":
        return EigenfaceGenerator(settings.z_dim, channels, resolution)
    if settings.initial == "digiface_dcgan":
        return DCGANGenerator(settings.z_dim, channels, resolution)
    return ConvolutionalGenerator(settings.z_dim, channels, settings.width, resolution)


def _start(generator: nn.Module, settings: WGANGP, public: Tensor) -> None:
    """Give the generator the weights it starts from; ``public``: uint8 pictures (N, C, S, S)."""
    if isinstance(generator, EigenfaceGenerator):
        generator.load_state_dict(eigenfaces(public, settings.z_dim))
    elif isinstance(generator, DCGANGenerator):
        load_digiface_dcgan(generator)
    else:
        train_decoder(settings, generator, public)


def _frozen(prior: Prior) -> Prior:
    for module in (prior.generator, prior.critic):
        module.eval().requires_grad_(False)
    return prior
