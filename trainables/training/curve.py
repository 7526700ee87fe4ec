"""The learning curve: one row an epoch, means over its batches."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from trainables.objective import BatchLoss
from trainables.step import device


class EpochRow(NamedTuple):
    """One epoch of a training: its number from 0, and its values by name.

    Losses (``loss``, ``cross_entropy``, what the parts of a defence record) are means over the batches.
    ``train_acc`` counts the answers of the network while it was trained, on augmented pictures. ``val_acc``
    and ``test_acc`` are measured after the epoch, where they are asked for. ``learning_rate`` is the epoch's.
    """

    epoch: int
    values: dict[str, float]
    steps: int = 0
    """Batches that it was trained on."""


BATCHES_BETWEEN_LOOKS = 32
"""Batches whose losses are brought from a GPU together: each look waits until it has nothing left to do."""


class EpochMeans:
    """Means over the batches of one epoch."""

    def __init__(self, num_classes: int) -> None:
        self.given = torch.zeros(num_classes, dtype=torch.bool, device=device())
        """Which classes the network gave to any picture of the epoch."""
        self.finite = True
        """Whether every total loss was, of the batches that were looked at: all on a CPU."""
        self._classes = torch.arange(num_classes, device=device())
        self._looks_after = 1 if device().type == "cpu" else BATCHES_BETWEEN_LOOKS
        self._waiting: list[tuple[list[str], Tensor]] = []
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._pictures = 0
        self._batches = 0
        self._correct = torch.zeros((), dtype=torch.int64, device=device())

    def add(self, loss: BatchLoss, labels: Tensor) -> None:
        """Count one batch."""
        values = {"loss": loss.total.detach(), **loss.values}
        self._waiting.append((list(values), torch.stack([value.double() for value in values.values()])))
        predicted = loss.logits.argmax(1)
        self.given |= (predicted[:, None] == self._classes).any(0)
        self._correct += (predicted == labels).sum()
        self._pictures += len(labels)
        self._batches += 1
        if len(self._waiting) == self._looks_after:
            self.look()

    def look(self) -> None:
        """Add up the losses that still lie on the device, in the order of their batches."""
        waiting, self._waiting = self._waiting, []
        numbers = iter(torch.cat([terms for _, terms in waiting]).tolist() if waiting else [])
        for names, _ in waiting:
            for name, number in zip(names, numbers, strict=False):
                self._sums[name] = self._sums.get(name, 0.0) + number
                self._counts[name] = self._counts.get(name, 0) + 1
                self.finite = self.finite and (name != "loss" or math.isfinite(number))

    def row(self, epoch: int, learning_rate: float) -> EpochRow:
        """Return the means; accuracies on other pictures are not known yet."""
        self.look()
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        train_acc = int(self._correct) / self._pictures
        values = {**means, "train_acc": train_acc, "learning_rate": learning_rate}
        return EpochRow(epoch, values, self._batches)
