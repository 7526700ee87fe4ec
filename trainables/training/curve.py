"""The learning curve: one row an epoch, means over its batches."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from trainables.defenses.defense import DefenseLoss
from trainables.step import device


class EpochRow(NamedTuple):
    """One epoch of a training: its number, and the values of the curves table by name.

    Losses are means over the batches. ``train_acc`` counts the answers of the network while it was trained,
    on augmented pictures. ``val_acc`` and ``test_acc`` are measured after the epoch, where they are asked
    for.
    """

    epoch: int
    loss: float
    cross_entropy: float
    dependence_x: float | None
    dependence_y: float | None
    kl: float | None
    train_acc: float
    val_acc: float | None
    test_acc: float | None
    learning_rate: float

    def values(self) -> list[tuple[str, float]]:
        """Return the values that are known, with their names."""
        known = self._asdict()
        del known["epoch"]
        return [(name, value) for name, value in known.items() if value is not None]


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
        self._waiting: list[Tensor] = []
        self._sums = [0.0] * 5
        self._known = [False] * 5
        self._batches = 0
        self._pictures = 0
        self._correct = torch.zeros((), dtype=torch.int64, device=device())

    def add(self, loss: DefenseLoss, labels: Tensor) -> None:
        """Count one batch."""
        parts = (loss.total.detach(), loss.cross_entropy, loss.dependence_x, loss.dependence_y, loss.kl)
        nothing = torch.zeros_like(loss.cross_entropy)
        self._waiting.append(torch.stack([(nothing if part is None else part).double() for part in parts]))
        self._known = [part is not None for part in parts]
        predicted = loss.logits.argmax(1)
        self.given |= (predicted[:, None] == self._classes).any(0)
        self._correct += (predicted == labels).sum()
        self._batches += 1
        self._pictures += len(labels)
        if len(self._waiting) == self._looks_after:
            self.look()

    def look(self) -> None:
        """Add up the losses that still lie on the device, in the order of their batches."""
        for terms in torch.stack(self._waiting).tolist() if self._waiting else []:
            self._sums = [total + term for total, term in zip(self._sums, terms, strict=True)]
            self.finite = self.finite and math.isfinite(terms[0])
        self._waiting = []

    def row(self, epoch: int, learning_rate: float) -> EpochRow:
        """Return the means; accuracies on other pictures are not known yet."""
        self.look()
        means = [total / self._batches for total in self._sums]
        on_x, on_y, kl = (means[place] if self._known[place] else None for place in (2, 3, 4))
        return EpochRow(
            epoch=epoch,
            loss=means[0],
            cross_entropy=means[1],
            dependence_x=on_x,
            dependence_y=on_y,
            kl=kl,
            train_acc=int(self._correct) / self._pictures,
            val_acc=None,
            test_acc=None,
            learning_rate=learning_rate,
        )
