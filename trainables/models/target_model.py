"""The interface of every target: ordered units that can be frozen, a neck, a linear head."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class TargetOutput(NamedTuple):
    """What a target returns: penultimate ``feature`` (B, d) and ``logits`` (B, classes), both float."""

    feature: Tensor
    logits: Tensor


class Trace(NamedTuple):
    """What a training loss may need of one forward pass.

    ``hidden``: the hidden layers for dependence terms, in forward order (the feature is the last); empty
    unless asked for. ``made``: what layers that a defence put into T computed on the way, by name.
    """

    hidden: list[Tensor]
    feature: Tensor
    logits: Tensor
    made: dict[str, Tensor]


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
    residual_stages: Sequence[Sequence[str]] = ()
    """Names of the units with a skip connection, in ``shortcut`` or ``downsample``, by stage; none: empty."""
    answers: Sequence[Callable[[Tensor, Tensor], Tensor]] = ()
    """Changes of the logits (B, classes) of pictures that output-side defences make, see ``answered``."""
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
        feature = self.neck(self.run_units(activations, depth)[0])
        return TargetOutput(feature, self.head(feature))

    def trace(self, images: Tensor, with_hidden: bool = True) -> Trace:
        """Return feature and logits of ``images`` in [0, 1], with the hidden layers of BiDO when asked."""
        return self.trace_from(self.normalise(images), 0, with_hidden)

    def trace_from(self, activations: Tensor, depth: int, with_hidden: bool) -> Trace:
        """Return what ``trace`` does, from the output of the first ``depth`` units."""
        activations, hidden = self.run_units(activations, depth, with_hidden)
        feature = self.neck(activations)
        return Trace([*hidden, feature] if with_hidden else [], feature, self.head(feature), {})

    def run_units(
        self, activations: Tensor, depth: int, with_hidden: bool = False
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the output of the last unit, and of the hidden units behind ``depth`` when asked."""
        hidden = []
        for name, unit in list(self.units.items())[depth:]:
            activations = unit(activations)
            if with_hidden and name in self.hidden_units:
                hidden.append(activations)
        return activations, hidden

    def answered(self, logits: Tensor, pictures: Tensor) -> Tensor:
        """Return the ``logits`` of ``pictures`` as those see them who do not have T itself."""
        for change in self.answers:
            logits = change(logits, pictures)
        return logits

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
