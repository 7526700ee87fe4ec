"""The interface of every defence: what is trained, and on which loss."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from trainables.models.target_model import TargetModel


class DefenseLoss(NamedTuple):
    """Loss of one batch: ``total`` carries the gradient, the rest is for the curves.

    ``dependence_x`` and ``dependence_y`` are the sums over the hidden layers of d(z_j, x) and d(z_j, y)
    (``None`` without dependence terms), ``kl`` is the divergence of a bottleneck (``None`` without one);
    ``logits`` is (B, classes). Scalars but the logits; all but ``total`` are detached.
    """

    total: Tensor
    cross_entropy: Tensor
    dependence_x: Tensor | None
    dependence_y: Tensor | None
    logits: Tensor
    kl: Tensor | None = None


class Defense(Protocol):
    """How T is trained."""

    @property
    def from_prefix(self) -> bool:
        """Whether the loss needs no pictures and no hidden layers.

        If so, ``loss`` also takes the output of T's frozen prefix and the rest of T.
        """

    def prepare(self, model: TargetModel) -> None:
        """Freeze what the defence keeps at its D_pretrain weights.

        Call it once, before the optimiser is built and before ``loss``. Raises ``ValueError`` when the model
        cannot be trained like this.
        """

    def train_mode(self, model: TargetModel) -> None:
        """Put ``model`` into training mode; call it at the start of each epoch."""

    def loss(self, model: TargetModel, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the loss of ``images`` (B, C, S, S) in [0, 1] and int64 ``labels`` (B,)."""


def plain_loss(logits: Tensor, labels: Tensor) -> DefenseLoss:
    """Return the mean cross-entropy of ``logits`` (B, classes) without further terms."""
    cross_entropy = torch.nn.functional.cross_entropy(logits, labels)
    return DefenseLoss(cross_entropy, cross_entropy.detach(), None, None, logits.detach())
