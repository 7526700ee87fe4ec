"""Parts that keep units of T at their D_pretrain weights: TL-DMI and layer-wise training."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from search_spaces.defenses.part import DEFENSE_PARTS, PartSettings, Stage, TargetShape
from search_spaces.defenses.searched import Option, Searched
from search_spaces.domains import Choice
from search_spaces.setting_errors import did_you_mean

THIRDS = ("first", "middle", "last")
"""Groups of units that every T has."""

FrozenBN = Literal["train", "eval"]
Depth = Annotated[int, Field(ge=0)]
UnitGroup = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.]+(\.\.[A-Za-z0-9_.]+)?$")]
"""``first``, ``middle``, ``last`` (thirds of T's units), a unit's name, or ``NAME..NAME``, both included."""


class UnknownUnits(ValueError):
    """A group names no unit of T."""


class Freezing(PartSettings):
    """Settings shared by parts that freeze units."""

    home: ClassVar[str | None] = "trainables.defenses.freezing"
    stage: ClassVar[Stage] = "freezing"
    slot: ClassVar[str | None] = "freezing"


@DEFENSE_PARTS.register
class TLDMI(Freezing):
    """TL-DMI: the first ``freeze_depth`` units of T stay at their D_pretrain weights."""

    label: ClassVar[str] = "TL-DMI"

    kind: Literal["tl_dmi"] = "tl_dmi"
    freeze_depth: Annotated[Depth, Searched("all", "freeze depth", "depth")]
    """Number of leading units that are frozen; ``all`` in a space searches 1 to the number of T's units."""
    frozen_bn: Annotated[FrozenBN, Option("frozen BatchNorm", "frozen BN in {}")] = "train"
    """What a frozen BatchNorm does: ``train`` re-estimates its statistics on D_priv (the paper's code)."""

    @property
    def freezes(self) -> bool:
        """Whether any unit is frozen."""
        return self.freeze_depth > 0

    def misfits(self, target: TargetShape) -> Iterator[tuple[str, str]]:
        """Yield the freeze depth when T has fewer units."""
        if self.freeze_depth > target.units:
            yield (
                "freeze_depth",
                f"{self.freeze_depth} is no freeze depth of {target.architecture}, which has {target.units} "
                f"units: give a whole number from 0 to {target.units}, or 'all'",
            )


@DEFENSE_PARTS.register
class LayerWise(Freezing):
    """Only the units of ``trainable``, the neck and the head are trained (supplement B.2, Fig. 3)."""

    label: ClassVar[str] = "Layer-wise"

    kind: Literal["layer_wise"] = "layer_wise"
    trainable: Annotated[
        tuple[UnitGroup, ...],
        Field(min_length=1),
        Searched(Choice(choice=("first+last", "middle+last")), "trained groups", "trained"),
    ]
    """Groups of units that are trained: ``first``, ``middle``, ``last``, a unit's name, or ``A..B``."""
    frozen_bn: Annotated[FrozenBN, Option("frozen BatchNorm", "frozen BN in {}")] = "train"
    """What a frozen BatchNorm does: ``train`` re-estimates its statistics on D_priv (the paper's code)."""

    def misfits(self, target: TargetShape) -> Iterator[tuple[str, str]]:
        """Yield each group that holds no unit of T; T's units are asked for only where one is named."""
        for group in self.trainable:
            if group in THIRDS:
                continue
            try:
                units_of(group, target.unit_names)
            except UnknownUnits as error:
                yield "trainable", str(error)


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
