"""The ranges of a defence in a space, derived from what stands beside the fields of its parts."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product
from typing import Annotated, Any, ClassVar, Literal, Self, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, Tag
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from search_spaces.defenses.defense import Defense
from search_spaces.defenses.part import PartSettings
from search_spaces.defenses.products import (
    PartClass,
    Products,
    field_of,
    kind_of,
    name_of,
    parts_in,
    product_class,
    validator_of,
    written_names,
)
from search_spaces.defenses.schema import product_schema
from search_spaces.defenses.searched import RatioTo, Searched
from search_spaces.domains import (
    Choice,
    Domain,
    Integers,
    LogUniform,
    Uniform,
    Value,
    countable,
    held,
    one_of,
    rounded,
)
from search_spaces.registry import dump_with_kind
from search_spaces.settings import Settings

RATIO = "_ratio"
"""Ends the name of a field that is searched as its ratio to another."""

GROUPS = "+"
"""Joins the items of a field that holds several, in a range."""


class DefenseSpace(Settings):
    """A defence in a space: its kind, a range for each searched field, a value for each other.

    Validation returns an object of a derived class, which has the fields of the parts that ``kind`` names.
    """

    parts: ClassVar[tuple[PartClass, ...]] = ()
    products: ClassVar[Products | None] = None
    """On this class, the derived classes by kind."""
    kind: str

    @property
    def name(self) -> str:
        """Published names of the parts, ``No-Def`` without any."""
        return name_of(self.parts)

    def domains(self, units: int) -> dict[str, Domain]:
        """Return the searched fields with their ranges, for a T with this number of ``units``."""
        found = {name: _resolved(value, units) for name, value in self}
        return {name: domain for name, domain in found.items() if domain is not None}

    def defense(self, values: Mapping[str, Value]) -> Defense:
        """Return the defence with its searched fields at ``values``, by the names that ``domains`` gives.

        Raises ``pydantic.ValidationError`` for values the defence does not admit.
        """
        return Defense(tuple(self.part(cls, values) for cls in self.parts))

    def values_of(self, defense: Defense, units: int) -> dict[str, Value] | None:
        """Return the searched values that mean ``defense``, or ``None`` when the ranges do not hold it."""
        if defense.kind != self.kind:
            return None
        domains, written = self.domains(units), self._written(defense)
        if any(name != "kind" and name not in domains and written.get(name) != value for name, value in self):
            return None
        found = {name: held(domain, written.get(name)) for name, domain in domains.items()}
        known = {name: value for name, value in found.items() if value is not None}
        return known if len(known) == len(domains) else None

    def every(self, units: int) -> Iterator[Defense]:
        """Yield every defence of the ranges, in the order written.

        Raises ``ValueError`` for a range that cannot be counted.
        """
        domains = self.domains(units)
        for values in product(*(countable(domain) for domain in domains.values())):
            yield self.defense(dict(zip(domains, values, strict=True)))

    def field(self, name: str) -> tuple[PartClass, str]:
        """Return the part that has the searched field ``name``, and its name there."""
        return _ranges_of(self.parts)[name]

    def part(self, cls: PartClass, values: Mapping[str, Value]) -> PartSettings:
        """Return the part of this class as ``defense`` would hold it. Raises ``pydantic.ValidationError``."""
        given = {**dict(self), **values}
        names = {inner: name for name, (part, inner) in _ranges_of(self.parts).items() if part is cls}
        plain: dict[str, Any] = {"kind": cls.kind_name()}
        shown = cls.shown()
        for inner, name in names.items():
            value = given[name]
            if isinstance(shown[inner], RatioTo):
                continue
            several = isinstance(value, str) and get_origin(cls.model_fields[inner].annotation) is tuple
            plain[inner] = tuple(value.split(GROUPS)) if several else value
        for inner, name in names.items():
            one = shown[inner]
            if isinstance(one, RatioTo):
                plain[inner] = _product(plain[one.field], given[name])
        return cls.model_validate(plain)

    def _written(self, defense: Defense) -> dict[str, Any]:
        """Return the fields of ``defense`` as ranges write them."""
        found: dict[str, Any] = {}
        for name, (cls, inner) in _ranges_of(self.parts).items():
            part, shown = defense.part(cls), cls.shown()[inner]
            value = getattr(part, inner)
            if isinstance(shown, RatioTo):
                base = getattr(part, shown.field)
                found[name] = value / base if base else None
            elif isinstance(shown, Searched) and isinstance(value, tuple):
                found[name] = GROUPS.join(map(str, value))
            else:
                found[name] = value
        return found

    @classmethod
    def of(cls, values: Any) -> Self:  # noqa: ANN401  (plain YAML values)
        """Return the ranges that ``values`` describe. Raises ``pydantic.ValidationError``."""
        if isinstance(values, cls):
            return values
        made = space_class(parts_in(values))
        given = {**values, "kind": made.model_fields["kind"].default}
        found: Self = validator_of(made).validate_python(given)
        return found

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Validate by the parts that the kind names; a derived class validates its own fields."""
        if cls._is_derived():
            return handler(source)
        return core_schema.no_info_plain_validator_function(
            cls.of,
            serialization=core_schema.plain_serializer_function_ser_schema(dump_with_kind, info_arg=True),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the schema of any product."""
        return handler(schema) if cls._is_derived() else product_schema(space_class, handler)

    @classmethod
    def _is_derived(cls) -> bool:
        return cls.__bases__ != (Settings,)


def _product(base: Value, ratio: Value) -> Value:
    """Return the rounded product; of what is no number, the ratio, which validation then refuses."""
    return ratio if isinstance(base, str) or isinstance(ratio, str) else rounded(base * ratio)


@lru_cache(maxsize=1024)
def space_class(parts: tuple[PartClass, ...]) -> type[DefenseSpace]:
    """Return the class of the ranges of a product of ``parts``."""
    fields = {name: _range_field(part, inner) for name, (part, inner) in _ranges_of(parts).items()}
    made = product_class(kind_of(parts), fields, DefenseSpace)
    made.parts, made.products = parts, None
    hashes = sorted({part.plugin_hash for part in parts if part.plugin_hash is not None})
    made.plugin_hash = "+".join(hashes) or None
    return made


@lru_cache(maxsize=1024)
def _ranges_of(parts: tuple[PartClass, ...]) -> dict[str, tuple[PartClass, str]]:
    """Return the name of each field in a space -> its part and its name there."""
    return {
        f"{name}{RATIO}" if isinstance(part.shown()[inner], RatioTo) else name: (part, inner)
        for name, (part, inner) in written_names(parts).items()
    }


def _range_field(part: PartClass, name: str) -> tuple[Any, Any]:
    shown = part.shown()[name]
    if not isinstance(shown, Searched | RatioTo):
        return field_of(part, name)
    field = part.model_fields[name]
    domain, description = shown.domain, field.description
    if isinstance(shown, RatioTo):
        description = f"{name} divided by {shown.field}"
    return _range_type(field.annotation, domain), FieldInfo(default=domain, description=description)


_TAGGED: dict[str, Any] = {
    "all": Annotated[Literal["all"], Tag("all")],
    "log_uniform": Annotated[LogUniform, Tag("log_uniform")],
    "uniform": Annotated[Uniform, Tag("uniform")],
    "integers": Annotated[Integers, Tag("integers")],
    "choice": Annotated[Choice, Tag("choice")],
}


def _range_type(annotation: Any, default: Domain | str) -> Any:  # noqa: ANN401  (types)
    """Return the type of a range for a field of type ``annotation``."""
    names = {float: ("log_uniform", "uniform", "choice"), int: ("integers", "choice")}.get(
        annotation, ("choice",)
    )
    if default == "all":
        names = ("all", *names)
    if len(names) == 1:
        return Choice
    union: Any = _TAGGED[names[0]]
    for name in names[1:]:
        union = union | _TAGGED[name]
    return Annotated[union, one_of(names)]


def _resolved(value: object, units: int) -> Domain | None:
    if value == "all":
        return Integers(integers=(1, units))
    return value if isinstance(value, Uniform | LogUniform | Integers | Choice) else None


DefenseSpace.products = Products(space_class)
