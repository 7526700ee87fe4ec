"""The settings of one part of a defence, and the registry of all parts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import ConfigDict
from pydantic.fields import FieldInfo

from search_spaces.defenses.searched import Option, RatioTo, Searched, Shown
from search_spaces.domains import LogUniform
from search_spaces.registry import KindSettings, OneOf, Registry

Stage = Literal["freezing", "network", "pictures", "loss", "output"]
"""Where a part acts."""

STAGES: tuple[Stage, ...] = ("freezing", "network", "pictures", "loss", "output")
"""The stages in the order in which the parts of a defence are listed."""


class TargetShape(Protocol):
    """What a part may ask of an architecture before a network is trained."""

    @property
    def architecture(self) -> str:
        """Kind of T."""

    @property
    def units(self) -> int:
        """Number of units that can be frozen."""

    @property
    def stages(self) -> int:
        """Number of stages of residual blocks; 0 for a network without skip connections to scale."""

    @property
    def unit_names(self) -> Sequence[str]:
        """Names of the units in forward order; asking for them may build the network."""


class PartSettings(KindSettings):
    """Settings of one part of a defence; a docstring under a field is its description."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    label: ClassVar[str]
    """Published name: ``TL-DMI``."""
    stage: ClassVar[Stage]
    slot: ClassVar[str | None] = None
    """What one part of a defence has alone: ``freezing``, ``dependence``, ``neck``. ``None``: no limit."""
    curves: ClassVar[Mapping[str, str]] = {}
    """What the part records of each epoch, and what that is called: ``{"kl": "KL"}``."""

    @property
    def freezes(self) -> bool:
        """Whether it keeps weights of T at their start."""
        return self.stage == "freezing"

    def misfits(self, target: TargetShape) -> Iterator[tuple[str, str]]:
        """Yield a field and a reason for each setting that this architecture cannot have."""
        yield from ()

    @classmethod
    def fields(cls) -> dict[str, FieldInfo]:
        """Return the fields by name, without ``kind``."""
        return {name: field for name, field in cls.model_fields.items() if name != "kind"}

    @classmethod
    def shown(cls) -> dict[str, Shown]:
        """Return what stands beside each field; a field without is an option of its own name."""
        return {name: _shown(name, field) for name, field in cls.fields().items()}

    @classmethod
    def description(cls) -> dict[str, Any]:
        """Return as plain values how people call the part, its fields and what it records.

        >>> from search_spaces.defenses.mid import MID
        >>> MID.description()["fields"][0]
        {'name': 'lambda_mid', 'label': 'λ', 'scale': 'log'}
        """
        plain = {
            "kind": cls.kind_name(),
            "label": cls.label,
            "stage": cls.stage,
            "fields": [_described(cls, name) for name in cls.fields()],
            "curves": dict(cls.curves),
        }
        return {name: value for name, value in plain.items() if value or name == "fields"}


DEFENSE_PARTS: Registry[PartSettings] = Registry("defence part", PartSettings, "tldmi_sweep.defenses")

AnyPart = Annotated[PartSettings, OneOf(DEFENSE_PARTS)]


def _shown(name: str, field: FieldInfo) -> Shown:
    found = (one for one in field.metadata if isinstance(one, Searched | RatioTo | Option))
    return next(found, Option(name))


def _described(cls: type[PartSettings], name: str) -> dict[str, Any]:
    shown, field = cls.shown()[name], cls.model_fields[name]
    plain: dict[str, Any] = {"name": name, "label": shown.label, "symbol": shown.symbol}
    if isinstance(shown, Option):
        plain["default"] = None if field.is_required() else field.get_default(call_default_factory=True)
    if isinstance(shown, RatioTo):
        plain["ratio_to"] = shown.field
        shown = cls.shown()[shown.field]
    if isinstance(shown, Searched) and isinstance(shown.domain, LogUniform):
        plain["scale"] = "log"
    return {key: value for key, value in plain.items() if value is not None}
