"""All that changes in a training from epoch to epoch, as tensors and back."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trainables.storage.artifacts import Tensors
from trainables.storage.checkpoint import (
    Resumable,
    add_prefix,
    json_tensor,
    json_value,
    optimizer_state,
    restore_optimizer,
    restore_stream,
    strip_prefix,
)
from trainables.training.curve import EpochRow
from trainables.training.selection import SelectedWeights


@dataclass(frozen=True)
class TrainingState:
    """The state of a training after an epoch; ``state`` and ``restore`` copy it out and in.

    Dropout and MID's bottleneck draw from streams named by the epoch, and the activations of a frozen prefix
    are computed anew from its weights: neither is kept.
    """

    model: nn.Module
    objective: Resumable
    optimizer: torch.optim.Optimizer
    selected: SelectedWeights
    streams: Mapping[str, torch.Generator]
    """Streams that are drawn from in every epoch: the order of the pictures, their augmentation."""
    curve: list[EpochRow]
    given: list[Tensor]
    """For each epoch, which classes (K,) were given to any training picture."""

    def state(self) -> Tensors:
        """Return weights, objective, optimiser, chosen weights, streams and curve."""
        return {
            **add_prefix("model", self.model.state_dict()),
            **add_prefix("objective", self.objective.state()),
            **add_prefix("optimizer", optimizer_state(self.optimizer)),
            **add_prefix("selected", self.selected.state()),
            **add_prefix("streams", {name: stream.get_state() for name, stream in self.streams.items()}),
            "given": torch.stack(self.given),
            "curve": json_tensor(self.curve),
        }

    def restore(self, state: Tensors) -> None:
        """Put everything back as it was after the last epoch of the kept curve."""
        self.model.load_state_dict(strip_prefix(state, "model"))
        self.objective.restore(strip_prefix(state, "objective"))
        restore_optimizer(self.optimizer, strip_prefix(state, "optimizer"))
        self.selected.restore_state(strip_prefix(state, "selected"))
        for name, stream in self.streams.items():
            restore_stream(stream, state[f"streams.{name}"])
        self.given[:] = state["given"].unbind()
        self.curve[:] = [EpochRow(*row) for row in json_value(state["curve"])]
