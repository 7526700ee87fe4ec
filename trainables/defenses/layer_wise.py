"""An arbitrary set of trained units: which layers of T carry what an attack uses (supplement B.2, Fig. 3)."""

from collections.abc import Sequence

from search_spaces.defenses import FrozenBN
from search_spaces.setting_errors import did_you_mean
from trainables.defenses.freezing import Freezing
from trainables.models.target_model import TargetModel

THIRDS = ("first", "middle", "last")


class UnknownUnits(ValueError):
    """A group names no unit of T."""


class LayerWise(Freezing):
    """Cross-entropy on the units of ``trainable``, the neck and the head; all other units are frozen."""

    def __init__(self, trainable: Sequence[str], frozen_bn: FrozenBN) -> None:
        super().__init__(frozen_bn)
        self.trainable = trainable

    def frozen_units(self, model: TargetModel) -> Sequence[str]:
        """Return the units in no group of ``trainable``. Raises ``UnknownUnits``."""
        trained = {name for group in self.trainable for name in units_of(group, model.freeze_units)}
        return [name for name in model.freeze_units if name not in trained]


def units_of(group: str, units: Sequence[str]) -> Sequence[str]:
    """Return the names of ``units`` that ``group`` stands for.

    ``first``, ``middle``, ``last``: thirds, cut at the nearest whole unit; ``a..b``: from a to b, both
    included; or one name. Raises ``UnknownUnits`` for a name that is none, and for a group without units.

    >>> units = [f"conv{number}" for number in range(1, 14)]
    >>> units_of("first", units), len(units_of("middle", units)), units_of("conv12..conv13", units)
    (['conv1', 'conv2', 'conv3', 'conv4'], 5, ['conv12', 'conv13'])
    """
    if group in THIRDS and group not in units:
        third = THIRDS.index(group)
        chosen = units[round(third * len(units) / 3) : round((third + 1) * len(units) / 3)]
    else:
        start, _, end = group.partition("..")
        chosen = units[_position(start, units) : _position(end or start, units) + 1]
    if not chosen:
        raise UnknownUnits(
            f"trainable {group!r}: no unit of T is in it; they are, in order: {', '.join(units)}"
        )
    return chosen


def _position(name: str, units: Sequence[str]) -> int:
    if name in units:
        return units.index(name)
    raise UnknownUnits(
        f"trainable {name!r}: no unit of T; give first, middle, last, A..B, {', '.join(units)}."
        f"{did_you_mean(name, [*THIRDS, *units])}"
    )
