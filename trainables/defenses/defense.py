"""The interface of every defence: what is trained, and on which loss."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from trainables.models.target_model import HiddenOutput, TargetModel


class DefenseLoss(NamedTuple):
    """Loss of one batch: ``total`` carries the gradient, the rest is for the curves.

    ``dependence_x`` and ``dependence_y`` are the sums over the hidden layers of d(z_j, x) and d(z_j, y)
    (``None`` without dependence terms); ``logits`` is (B, classes). Scalars but the logits; all but
    ``total`` are detached.
    """

    total: Tensor
    cross_entropy: Tensor
    dependence_x: Tensor | None
    dependence_y: Tensor | None
    logits: Tensor


class Defense(Protocol):
    """How T is trained."""

    def prepare(self, model: TargetModel) -> None:
        """Freeze what the defence keeps at its D_pretrain weights.

        Call it once, before the optimiser is built. Raises ``ValueError`` when the model cannot be frozen so
        far.
        """

    def train_mode(self, model: TargetModel) -> None:
        """Put ``model`` into training mode; call it at the start of each epoch."""

    def loss(self, model: TargetModel, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the loss of ``images`` (B, C, S, S) in [0, 1] and int64 ``labels`` (B,)."""


def plain_loss(logits: Tensor, labels: Tensor) -> DefenseLoss:
    """Return the mean cross-entropy of ``logits`` (B, classes) without further terms."""
    cross_entropy = torch.nn.functional.cross_entropy(logits, labels)
    return DefenseLoss(cross_entropy, cross_entropy.detach(), None, None, logits.detach())


def forward_from(model: TargetModel, images: Tensor, depth: int) -> HiddenOutput:
    """Return the hidden layers, feature and logits of ``images``.

    The first ``depth`` units run without a graph. Their BatchNorm still updates its running statistics when
    it is in training mode.
    """
    activations, hidden = model.normalise(images), []
    for position, (name, unit) in enumerate(model.units.items()):
        with torch.set_grad_enabled(torch.is_grad_enabled() and position >= depth):
            activations = unit(activations)
        if name in model.hidden_units:
            hidden.append(activations)
    feature = model.neck(activations)
    return HiddenOutput([*hidden, feature], feature, model.head(feature))
