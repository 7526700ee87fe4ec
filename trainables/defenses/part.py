"""One part of a defence: what it may do to T, to its pictures, to its loss and to its answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.defenses import PartSettings
from trainables.models.target_model import TargetModel, Trace
from trainables.storage.artifacts import Tensors
from trainables.storage.checkpoint import (
    add_prefix,
    optimizer_state,
    restore_optimizer,
    restore_stream,
    strip_prefix,
)

S = TypeVar("S", bound=PartSettings)

CROSS_ENTROPY = "cross_entropy"
"""The name of the loss term that every T has; a part that returns a term of this name replaces it."""


@dataclass(frozen=True)
class Batch:
    """One batch in the middle of a step, as parts see it."""

    model: nn.Module
    """T, or what follows its frozen prefix where no part needs pictures."""
    images: Tensor
    """float (B, C, S, S) in [0, 1], as T was given them; or the output of the frozen prefix."""
    labels: Tensor
    """int64 (B,)."""
    num_classes: int
    output: Trace
    """What T answered, its hidden layers where a part needs them, and what layers of parts computed."""
    epoch: int
    epochs: int


@dataclass(frozen=True)
class Terms:
    """Terms of a loss, scalars with a gradient, by name; and scalars to record in the curve, detached."""

    added: Mapping[str, Tensor] = field(default_factory=dict)
    recorded: Mapping[str, Tensor] = field(default_factory=dict)


class Part(Generic[S]):
    """One part of a defence, made from its settings; every method has a default that changes nothing.

    Randomness comes from ``stream``, optimisers and tensors of the part's own from ``keep``: whatever these
    hold is part of a training's checkpoint.
    """

    needs_hidden: ClassVar[bool] = False
    """Whether ``terms`` reads T's hidden layers."""
    needs_pictures: ClassVar[bool] = False
    """Whether the part needs the pictures themselves, so that no output of a frozen prefix can take their
    place."""

    def __init__(self, settings: S, seed: int) -> None:
        self.settings = settings
        self.seed = seed
        """Of T."""
        self._streams: dict[str, torch.Generator] = {}
        self._kept: dict[str, nn.Module | torch.optim.Optimizer | Tensor] = {}

    def network(self, model: TargetModel) -> TargetModel:
        """Return ``model`` as this part changes it; draws come from forked, seeded global generators."""
        return model

    def prepare(self, model: TargetModel) -> None:
        """Freeze what stays at its D_pretrain weights, and build what the part trains itself.

        Called once, before the optimiser is built. Raises ``ValueError`` when T cannot be trained like this.
        """

    def train_mode(self, model: TargetModel) -> None:
        """Change the modes of ``model``, which is in training mode; called at the start of each epoch."""

    def pictures(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return ``images`` (B, C, S, S) in [0, 1] as they are trained on; set ``needs_pictures`` with it."""
        return images

    def terms(self, batch: Batch) -> Terms:
        """Return what the part adds to the loss, or puts in the place of the cross-entropy, and records."""
        return Terms()

    def after_step(self, batch: Batch) -> None:
        """Act after T's step on ``batch``."""

    def answer(self, logits: Tensor, pictures: Tensor) -> Tensor:
        """Return the ``logits`` (B, classes) that those see who do not have T itself."""
        return logits

    def stream(self, name: str = "draws") -> torch.Generator:
        """Return the part's random stream ``name`` on the CPU, named under the seed of T."""
        if name not in self._streams:
            seed = seed_stream(self.seed, self.settings.kind, name)
            self._streams[name] = torch.Generator().manual_seed(seed)
        return self._streams[name]

    def keep(self, name: str, kept: nn.Module | torch.optim.Optimizer | Tensor) -> None:
        """Make ``kept``, which changes in the training, part of its checkpoints."""
        self._kept[name] = kept

    def state(self) -> Tensors:
        """Return all that changes in the part while T is trained."""
        found: Tensors = add_prefix("stream", {name: one.get_state() for name, one in self._streams.items()})
        for name, kept in self._kept.items():
            found |= add_prefix(f"kept.{name}", _state_of(kept))
        return found

    def restore(self, state: Tensors) -> None:
        """Go on from what ``state`` returned."""
        for name, value in strip_prefix(state, "stream").items():
            restore_stream(self.stream(name), value)
        for name, kept in self._kept.items():
            _restore(kept, strip_prefix(state, f"kept.{name}"))


def _state_of(kept: Any) -> Mapping[str, Tensor]:  # noqa: ANN401  (one of three types)
    if isinstance(kept, torch.optim.Optimizer):
        return optimizer_state(kept)
    if isinstance(kept, nn.Module):
        state: Mapping[str, Tensor] = kept.state_dict()
        return state
    return {"value": kept}


def _restore(kept: Any, state: Tensors) -> None:  # noqa: ANN401
    if isinstance(kept, torch.optim.Optimizer):
        restore_optimizer(kept, state)
    elif isinstance(kept, nn.Module):
        kept.load_state_dict(state)
    else:
        with torch.no_grad():
            kept.copy_(state["value"])
