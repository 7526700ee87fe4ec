"""A defence: its parts in canonical order, written as a list or flat."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    RootModel,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticUndefined

from search_spaces.canonical import canonical_json
from search_spaces.defenses.part import AnyPart, PartSettings
from search_spaces.defenses.products import (
    Products,
    flat_class,
    in_order,
    kind_of,
    name_of,
    parts_in,
    split,
    validator_of,
    written_names,
)
from search_spaces.defenses.schema import product_schema

AS_WRITTEN = {"as_written": True}
"""A context under which a dumped defence is flat, as in a file of settings."""


def _composed(parts: tuple[PartSettings, ...]) -> tuple[PartSettings, ...]:
    order = in_order(type(part) for part in parts)
    return tuple(sorted(parts, key=lambda part: order.index(type(part))))


class Defense(RootModel[tuple[AnyPart, ...]]):
    """How T is defended: a list of parts, none for No-Def.

    It may be written as a list of parts, or flat: ``{kind: tl_dmi+bido_hsic, freeze_depth: 3}``; a field name
    that two parts share is then written ``part.field``. Dumped it is the list, ordered by stage and kind.

    >>> Defense.model_validate({"kind": "bido_hsic+tl_dmi", "freeze_depth": 3}).kind
    'tl_dmi+bido_hsic'
    """

    model_config = ConfigDict(frozen=True)
    products: ClassVar[Products] = Products(flat_class)

    root: Annotated[tuple[AnyPart, ...], AfterValidator(_composed)] = ()

    @classmethod
    def of(cls, *parts: PartSettings) -> Self:
        """Return the defence of these parts. Raises ``ValueError`` when they do not go together."""
        return cls(parts)

    @model_validator(mode="before")
    @classmethod
    def _from_flat(cls, value: Any) -> Any:  # noqa: ANN401  (plain values)
        if value is PydanticUndefined:  # no argument was given: the default
            return ()
        if isinstance(value, PartSettings):
            return (value,)
        if isinstance(value, list | tuple):
            return value
        parts = parts_in(value)
        given = {**value, "kind": kind_of(parts)}
        flat = validator_of(flat_class(parts)).validate_python(given)
        return split(parts, {name: getattr(flat, name) for name in flat.model_fields_set})

    @model_serializer(mode="wrap")
    def _dumped(self, listed: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:  # noqa: ANN401
        plain = listed(self)
        if not (info.context or {}).get("as_written"):
            return plain
        of = dict(zip(self.parts, plain, strict=True))
        names = written_names([type(part) for part in self.parts])
        given = {name: of[self.part(cls)] for name, (cls, _) in names.items()}
        return {
            "kind": self.kind,
            **{name: own[names[name][1]] for name, own in given.items() if names[name][1] in own},
        }

    @property
    def parts(self) -> tuple[PartSettings, ...]:
        """The parts, by stage and kind."""
        return self.root

    @property
    def kind(self) -> str:
        """Kinds of the parts joined by ``+``, or ``no_def``."""
        return kind_of(type(part) for part in self.parts)

    @property
    def name(self) -> str:
        """Published names of the parts, ``No-Def`` without any."""
        return name_of(type(part) for part in self.parts)

    def part(self, cls: type[PartSettings]) -> Any:  # noqa: ANN401
        """Return the part of this class. Raises ``KeyError`` when the defence has none."""
        return {type(part): part for part in self.parts}[cls]

    def flat(self) -> dict[str, Any]:
        """Return the value of each field by the name under which it is written flat.

        >>> Defense.model_validate({"kind": "tl_dmi", "freeze_depth": 3}).flat()
        {'freeze_depth': 3, 'frozen_bn': 'train'}
        """
        names = written_names([type(part) for part in self.parts])
        return {name: getattr(self.part(cls), inner) for name, (cls, inner) in names.items()}

    def columns(self) -> dict[str, str]:
        """Return what rows say of the defence: its kind, its parts with their values, how they are called."""
        return {
            "defense": self.kind,
            "defense_settings": canonical_json(self),
            "defense_parts": canonical_json([part.description() for part in self.parts]),
        }

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the flat form of any product, or a list of parts."""
        return {"anyOf": [product_schema(flat_class, handler), handler(schema)]}
