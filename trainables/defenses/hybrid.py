"""TL-DMI and BiDO-HSIC together (supplement Table 13)."""

from torch import Tensor

from trainables.defenses.bido_hsic import BiDOHSIC
from trainables.defenses.defense import DefenseLoss
from trainables.defenses.tl_dmi import TLDMI
from trainables.models.target_model import TargetModel


class TLDMIBiDOHSIC:
    """The freezing of TL-DMI with the loss of BiDO-HSIC.

    Terms of frozen layers count but carry no gradient.
    """

    def __init__(self, tl_dmi: TLDMI, bido_hsic: BiDOHSIC) -> None:
        self.tl_dmi = tl_dmi
        self.bido_hsic = bido_hsic

    def prepare(self, model: TargetModel) -> None:
        """Freeze what TL-DMI freezes."""
        self.tl_dmi.prepare(model)

    def train_mode(self, model: TargetModel) -> None:
        """Put ``model`` into the training mode of TL-DMI."""
        self.tl_dmi.train_mode(model)

    def loss(self, model: TargetModel, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the loss of BiDO-HSIC on the output of TL-DMI's forward pass."""
        return self.bido_hsic.loss_of(self.tl_dmi.forward(model, images), images, labels, num_classes)
