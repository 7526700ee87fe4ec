"""TL-DMI: the first units of T stay at their D_pretrain weights, the rest is trained on D_priv."""

from torch import Tensor

from search_spaces.defenses import FrozenBN
from trainables.defenses.defense import DefenseLoss, forward_from, plain_loss
from trainables.models.target_model import HiddenOutput, TargetModel


class TLDMI:
    """Cross-entropy on theta_C; the first ``freeze_depth`` units of T are frozen.

    ``frozen_bn="train"`` (the published code): frozen BatchNorm normalises with batch statistics and updates
    its running statistics from D_priv; only its weights are frozen. ``"eval"``: it keeps those of D_pretrain.
    """

    def __init__(self, freeze_depth: int, frozen_bn: FrozenBN) -> None:
        self.freeze_depth = freeze_depth
        self.frozen_bn = frozen_bn

    def prepare(self, model: TargetModel) -> None:
        """Freeze the first ``freeze_depth`` units. Raises ``ValueError`` when T has fewer."""
        for parameter in model.prefix_parameters(self.freeze_depth):
            parameter.requires_grad_(False)

    def train_mode(self, model: TargetModel) -> None:
        """Put ``model`` into training mode, its frozen units into what ``frozen_bn`` says."""
        model.train()
        for unit in list(model.units.values())[: self.freeze_depth]:
            unit.train(self.frozen_bn == "train")

    def loss(self, model: TargetModel, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the cross-entropy of ``images`` (B, C, S, S) in [0, 1]."""
        return plain_loss(self.forward(model, images).logits, labels)

    def forward(self, model: TargetModel, images: Tensor) -> HiddenOutput:
        """Return hidden layers, feature and logits of ``images``; no graph is built for the frozen units."""
        return forward_from(model, images, self.freeze_depth)
