"""TL-DMI together with a regulariser: BiDO (supplement Table 13) or MID."""

from torch import Tensor

from trainables.defenses.defense import Defense, DefenseLoss
from trainables.defenses.freezing import Freezing
from trainables.models.target_model import TargetModel


class Hybrid:
    """The frozen units of ``freezing`` with the loss of ``regulariser``."""

    def __init__(self, freezing: Freezing, regulariser: Defense) -> None:
        self.freezing = freezing
        self.regulariser = regulariser

    @property
    def from_prefix(self) -> bool:
        """Whether the regulariser's loss needs no pictures and no hidden layers."""
        return self.regulariser.from_prefix

    def prepare(self, model: TargetModel) -> None:
        """Prepare for the regulariser and freeze."""
        self.regulariser.prepare(model)
        self.freezing.prepare(model)

    def train_mode(self, model: TargetModel) -> None:
        """Put ``model`` into the training mode of the freezing."""
        self.freezing.train_mode(model)

    def loss(self, model: TargetModel, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the loss of the regulariser."""
        return self.regulariser.loss(model, images, labels, num_classes)
