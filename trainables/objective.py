"""What a network is trained on: the loss of a batch, and what else may happen around a step."""

from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from trainables.storage.artifacts import Tensors

Model = TypeVar("Model", bound=nn.Module, contravariant=True)


class BatchLoss(NamedTuple):
    """Loss of one batch: ``total`` carries the gradient, the rest is for the curves.

    ``logits`` (B, classes) are the network's answers; ``values`` are scalars by name, all but ``total`` are
    detached.
    """

    total: Tensor
    logits: Tensor
    values: dict[str, Tensor]


class Objective(Generic[Model]):
    """What a network is trained on; all but ``loss`` has a default that changes nothing."""

    def train_mode(self, model: Model) -> None:
        """Put ``model`` into training mode; called at the start of each epoch."""
        model.train()

    def start_epoch(self, epoch: int, epochs: int) -> None:
        """Hear that ``epoch`` of ``epochs``, from 0, begins."""

    def pictures(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return ``images`` (B, C, S, S) in [0, 1], which are augmented already, as they are trained on."""
        return images

    def loss(self, model: Model, images: Tensor, labels: Tensor, num_classes: int) -> BatchLoss:
        """Return the loss of ``images`` (B, C, S, S) in [0, 1] and int64 ``labels`` (B,)."""
        raise NotImplementedError

    def after_step(self) -> None:
        """Act after the optimiser's step."""

    def state(self) -> Tensors:
        """Return all that changes in the objective while it is trained on."""
        return {}

    def restore(self, state: Tensors) -> None:
        """Go on from what ``state`` returned."""


class CrossEntropy(Objective[nn.Module]):
    """Plain cross-entropy on the logits of a network."""

    def loss(self, model: nn.Module, images: Tensor, labels: Tensor, num_classes: int) -> BatchLoss:
        """Return the cross-entropy of ``images`` (B, C, S, S) in [0, 1]."""
        return plain_loss(model(images).logits, labels)


def plain_loss(logits: Tensor, labels: Tensor) -> BatchLoss:
    """Return the mean cross-entropy of ``logits`` (B, classes) without further terms."""
    cross_entropy = torch.nn.functional.cross_entropy(logits, labels)
    return BatchLoss(cross_entropy, logits.detach(), {"cross_entropy": cross_entropy.detach()})
