"""A prior: what an attacker knows of pictures, and what lies between its pictures and the input of T."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import torch
from torch import Tensor, nn

from search_spaces import PriorConfig
from trainables.datasets.dataset import FaceData
from trainables.generators.preprocessing import resized_pictures, to_target
from trainables.implementations import implementation_of
from trainables.step import device
from trainables.weights.fitting import require_fit


class Prior(ABC):
    """Latents of one or several spaces to square pictures in [0, 1], maybe with a critic of pictures.

    What must not change: parameters, buffers and modes of its networks, which are frozen and in eval mode.
    """

    spaces: ClassVar[tuple[str, ...]] = ("z",)
    """Names of the spaces of latents; ``z`` is a vector of N(0, I)."""
    critic: nn.Module | None = None
    """Pictures (B, C, R, R) of its own size to scores (B,), higher for more natural ones."""
    to_target: nn.Module
    """Its pictures (B, C, R, R) to the input (B, C, S, S) of T, differentiable; the identity where they
    agree. Set by ``train_prior`` and ``restore_prior``."""

    @abstractmethod
    def decoder(self, space: str) -> nn.Module:
        """Return the network from latents (B, *``latent_shape(space)``) to its own pictures (B, C, R, R)."""

    @abstractmethod
    def latent_shape(self, space: str) -> tuple[int, ...]:
        """Return the shape of one latent."""

    @abstractmethod
    def sample(self, count: int, random: torch.Generator, space: str) -> Tensor:
        """Return float32 latents (``count``, *``latent_shape(space)``) of the prior, on the CPU.

        They depend on the state of ``random`` alone.
        """

    @abstractmethod
    def networks(self) -> Mapping[str, nn.Module]:
        """Return its networks by name; their weights are what is kept of a prior."""

    def clamp(self, latents: Tensor, bound: float, space: str) -> Tensor:
        """Return ``latents`` (B, ...) moved into the box that reaches ``bound`` from the centre of ``space``.

        The unit is one standard deviation of the space; for ``z`` the box is [-bound, bound].
        """
        return latents.clamp(-bound, bound)

    def decode(self, latents: Tensor, space: str) -> Tensor:
        """Return its own pictures (B, C, R, R) in [0, 1] of ``latents``."""
        pictures: Tensor = self.decoder(space)(latents)
        return pictures

    def target_decoder(self, space: str) -> nn.Module:
        """Return the network from latents to what T is shown of their pictures (B, C, S, S)."""
        return seen_by_target(self.decoder(space), self.to_target)

    def like(self) -> Tensor:
        """Return a tensor with the type and device that latents must have."""
        return next(parameter for network in self.networks().values() for parameter in network.parameters())

    def to(self, where: torch.device) -> Self:
        """Move the networks to ``where`` and return the prior."""
        for network in (*self.networks().values(), self.to_target):
            network.to(where)
        return self


def seen_by_target(decoder: nn.Module, preprocessing: nn.Module) -> nn.Module:
    """Return ``decoder`` followed by ``preprocessing``; the decoder itself where that is the identity."""
    return decoder if isinstance(preprocessing, nn.Identity) else nn.Sequential(decoder, preprocessing)


class PriorKind(Protocol):
    """Two ways to get a prior of one kind: from public pictures, or from what was kept of it."""

    def build(self, settings: Any, public: Tensor) -> Prior:  # noqa: ANN401  (settings of the kind)
        """Return the prior trained on ``public``, uint8 pictures (N, C, R, R) of its own size."""

    def blank(self, settings: Any, channels: int, side: int) -> Prior:  # noqa: ANN401
        """Return an untrained prior of pictures (``channels``, ``side``, ``side``), on the CPU."""


def train_prior(config: PriorConfig, data: FaceData) -> Prior:
    """Return the prior of ``config``, trained on the public pictures of ``data`` alone; in eval mode, frozen.

    The same bits for the same configuration and data. Raises ``ValueError`` when it cannot make pictures of
    this size, or ``trainables.storage.archives.ArchiveError`` when packaged weights cannot be had.
    """
    settings = config.prior
    public = resized_pictures(data.public.images, settings.side(data.resolution))
    return _ready(_kind(config).build(settings, public), config, data.resolution)


def prior_tensors(prior: Prior) -> dict[str, Tensor]:
    """Return the weights by ``<network>.<name>``."""
    return {
        f"{part}.{name}": tensor
        for part, module in prior.networks().items()
        for name, tensor in module.state_dict().items()
    }


def restore_prior(config: PriorConfig, data: FaceData, tensors: Mapping[str, Tensor]) -> Prior:
    """Return the prior whose ``prior_tensors`` these are: on the device of all steps, in eval mode, frozen.

    Raises ``WeightsMismatch`` for the tensors of another configuration.
    """
    settings = config.prior
    with torch.random.fork_rng(devices=[]):
        prior = _kind(config).blank(settings, data.channels, settings.side(data.resolution))
    require_fit(prior_tensors(prior), tensors, f"the prior {config.piece_id}")
    for part, module in prior.networks().items():
        prefix = f"{part}."
        module.load_state_dict(
            {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        )
    return _ready(prior, config, data.resolution).to(device())


def _kind(config: PriorConfig) -> PriorKind:
    kind: PriorKind = implementation_of(type(config.prior))
    return kind


def _ready(prior: Prior, config: PriorConfig, data_side: int) -> Prior:
    prior.to_target = to_target(config.prior, data_side)
    for network in prior.networks().values():
        network.eval().requires_grad_(False)
    return prior
