"""Frozen units: TL-DMI, and layer-wise training, keep some of T at its D_pretrain weights.

A frozen unit's weights need no gradient, so none is computed for them: in front of the first trained unit
autograd builds no graph at all, behind it gradients pass through to the trained units further up.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar

from search_spaces.defenses.freezing import TLDMI, LayerWise, units_of
from trainables.defenses.part import Part
from trainables.implementations import implements
from trainables.models.target_model import TargetModel

F = TypeVar("F", TLDMI, LayerWise)


class FrozenUnits(Part[F]):
    """T with some units frozen.

    ``frozen_bn="train"`` (the published code): frozen BatchNorm normalises with batch statistics and updates
    its running statistics from D_priv; only its weights are frozen. ``"eval"``: it keeps those of D_pretrain,
    and dropout in frozen units is off.
    """

    @abstractmethod
    def frozen_units(self, model: TargetModel) -> Sequence[str]:
        """Return the names of the units that are frozen. Raises ``ValueError`` when T has no such units."""

    def prepare(self, model: TargetModel) -> None:
        """Freeze the weights of the frozen units. Raises ``ValueError`` when T has no such units."""
        for name in self.frozen_units(model):
            model.units[name].requires_grad_(False)

    def train_mode(self, model: TargetModel) -> None:
        """Put the frozen units of ``model`` into what ``frozen_bn`` says."""
        for name in self.frozen_units(model):
            model.units[name].train(self.settings.frozen_bn == "train")


@implements(TLDMI)
class FrozenPrefix(FrozenUnits[TLDMI]):
    """TL-DMI: the first ``freeze_depth`` units of T stay at their D_pretrain weights, the rest is trained."""

    def frozen_units(self, model: TargetModel) -> Sequence[str]:
        """Return the first ``freeze_depth`` units. Raises ``ValueError`` when T has fewer."""
        depth, units = self.settings.freeze_depth, model.freeze_units
        if depth > len(units):
            raise ValueError(f"freeze depth {depth}: allowed 0 to {len(units)}, the units of T")
        return units[:depth]


@implements(LayerWise)
class TrainedGroups(FrozenUnits[LayerWise]):
    """All units are frozen but those of ``trainable``: which layers of T carry what an attack uses?"""

    def frozen_units(self, model: TargetModel) -> Sequence[str]:
        """Return the units in no group of ``trainable``. Raises ``UnknownUnits``."""
        units = model.freeze_units
        trained = {name for group in self.settings.trainable for name in units_of(group, units)}
        return [name for name in units if name not in trained]
