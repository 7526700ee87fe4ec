"""No defence: cross-entropy on all layers."""

from torch import Tensor

from trainables.defenses.defense import DefenseLoss, plain_loss
from trainables.models.target_model import TargetModel


class NoDef:
    """All layers are fine-tuned from the D_pretrain weights on cross-entropy."""

    from_prefix = True

    def prepare(self, model: TargetModel) -> None:
        """Freeze nothing."""

    def train_mode(self, model: TargetModel) -> None:
        """Put ``model`` into training mode."""
        model.train()

    def loss(self, model: TargetModel, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the cross-entropy of ``images`` (B, C, S, S) in [0, 1]."""
        return plain_loss(model(images).logits, labels)
