"""The interface of every target: ordered units that can be frozen, a neck, a linear head."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class TargetOutput(NamedTuple):
    """What a target returns: penultimate ``feature`` (B, d) and ``logits`` (B, classes), both float."""

    feature: Tensor
    logits: Tensor


class HiddenOutput(NamedTuple):
    """Hidden layers for dependence terms, in forward order (the feature is the last), and the logits."""

    hidden: list[Tensor]
    feature: Tensor
    logits: Tensor


class UnusableResolution(ValueError):
    """Pictures of a size that a network cannot take."""


class TargetModel(nn.Module):
    """A classifier T = head(neck(units(normalised input))).

    Subclasses set ``units`` (an ``nn.ModuleDict`` of the prefix units in forward order; freeze depth d
    means the first d of them), ``neck`` (last unit's output to the penultimate feature), ``head``
    (``nn.Linear``; without bias in MaxViT), and ``hidden_units`` (names of the units whose outputs, with the
    feature, are the hidden layers of BiDO). Input: float images (B, 1 or 3, H, W) in [0, 1]; grey is repeated
    to 3 channels. ``mean`` and ``std`` are the model's own normalisation, recorded as buffers of shape
    (1, 3, 1, 1).
    """

    units: nn.ModuleDict
    neck: nn.Module
    head: nn.Linear
    hidden_units: Sequence[str]
    mean: Tensor
    std: Tensor
    bottleneck_after: int | None = None
    """How many layers of the neck stay in front of the bottleneck of MID; ``None``: all."""
    pretrained_parts: Sequence[str] = ("units.", "neck.")
    """Starts of the names of weights that a file gives whole or not at all; the first it must give."""

    def before_bottleneck(self) -> nn.Module:
        """Return the layers of the neck that stay in front of the bottleneck of MID."""
        if self.bottleneck_after is None:
            return self.neck
        return nn.Sequential(*list(self.neck.children())[: self.bottleneck_after])

    def set_normalisation(self, mean: Sequence[float], std: Sequence[float]) -> None:
        """Record the normalisation applied to [0, 1] input: (x - mean) / std per channel."""
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))

    def normalise(self, images: Tensor) -> Tensor:
        """Return ``images`` (B, 1 or 3, H, W) in [0, 1] as the network's own input (B, 3, H, W)."""
        return (images.expand(-1, 3, -1, -1) - self.mean) / self.std

    def forward(self, images: Tensor) -> TargetOutput:
        """Return feature and logits of ``images`` in [0, 1]."""
        return self.from_unit(self.normalise(images), 0)

    def from_unit(self, activations: Tensor, depth: int) -> TargetOutput:
        """Return feature and logits from the output of the first ``depth`` units (0: normalised input)."""
        for unit in list(self.units.values())[depth:]:
            activations = unit(activations)
        feature = self.neck(activations)
        return TargetOutput(feature, self.head(feature))

    def forward_hidden(self, images: Tensor) -> HiddenOutput:
        """Return the hidden layers of BiDO (each (B, ...), the feature last), feature and logits."""
        activations, hidden = self.normalise(images), []
        for name, unit in self.units.items():
            activations = unit(activations)
            if name in self.hidden_units:
                hidden.append(activations)
        feature = self.neck(activations)
        return HiddenOutput([*hidden, feature], feature, self.head(feature))

    @property
    def freeze_units(self) -> tuple[str, ...]:
        """Names of the units, in forward order: freeze depth d means the first d."""
        return tuple(self.units)

    def prefix_parameters(self, depth: int) -> Iterator[nn.Parameter]:
        """Yield the parameters of the first ``depth`` units. Raises ``ValueError`` outside 0..len(units)."""
        if not 0 <= depth <= len(self.units):
            raise ValueError(f"freeze depth {depth}: allowed 0 to {len(self.units)}, the units of T")
        for unit in list(self.units.values())[:depth]:
            yield from unit.parameters()

    @property
    def theta_t(self) -> int:
        """Number of parameters."""
        return sum(parameter.numel() for parameter in self.parameters())

    @property
    def theta_c(self) -> int:
        """Number of parameters still trained."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)
