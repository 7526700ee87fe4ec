"""Frozen units: what every defence that keeps some of T at its D_pretrain weights shares.

A frozen unit's weights need no gradient, so none is computed for them: in front of the first trained unit
autograd builds no graph at all, behind it gradients pass through to the trained units further up.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from search_spaces.defenses import FrozenBN
from trainables.defenses.defense import DefenseLoss, plain_loss
from trainables.models.target_model import TargetModel


class Freezing(ABC):
    """Cross-entropy on the units that are not frozen, the neck and the head.

    ``frozen_bn="train"`` (the published code): frozen BatchNorm normalises with batch statistics and updates
    its running statistics from D_priv; only its weights are frozen. ``"eval"``: it keeps those of D_pretrain,
    and dropout in frozen units is off.
    """

    from_prefix = True

    def __init__(self, frozen_bn: FrozenBN) -> None:
        self.frozen_bn = frozen_bn

    @abstractmethod
    def frozen_units(self, model: TargetModel) -> Sequence[str]:
        """Return the names of the units that are frozen. Raises ``ValueError`` when T has no such units."""

    def prepare(self, model: TargetModel) -> None:
        """Freeze the weights of the frozen units. Raises ``ValueError`` when T has no such units."""
        for name in self.frozen_units(model):
            model.units[name].requires_grad_(False)

    def train_mode(self, model: TargetModel) -> None:
        """Put ``model`` into training mode, its frozen units into what ``frozen_bn`` says."""
        model.train()
        for name in self.frozen_units(model):
            model.units[name].train(self.frozen_bn == "train")

    def loss(self, model: TargetModel, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the cross-entropy of ``images`` (B, C, S, S) in [0, 1]."""
        return plain_loss(model(images).logits, labels)
