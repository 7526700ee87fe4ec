"""TL-DMI: the first units of T stay at their D_pretrain weights, the rest is trained on D_priv."""

from collections.abc import Sequence

from search_spaces.defenses import FrozenBN
from trainables.defenses.freezing import Freezing
from trainables.models.target_model import TargetModel


class TLDMI(Freezing):
    """Cross-entropy on theta_C; the first ``freeze_depth`` units of T are frozen."""

    def __init__(self, freeze_depth: int, frozen_bn: FrozenBN) -> None:
        super().__init__(frozen_bn)
        self.freeze_depth = freeze_depth

    def frozen_units(self, model: TargetModel) -> Sequence[str]:
        """Return the first ``freeze_depth`` units."""
        return model.freeze_units[: self.freeze_depth]

    def prepare(self, model: TargetModel) -> None:
        """Freeze the first ``freeze_depth`` units. Raises ``ValueError`` when T has fewer."""
        for parameter in model.prefix_parameters(self.freeze_depth):
            parameter.requires_grad_(False)
