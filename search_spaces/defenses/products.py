"""Which parts go together, and their settings written flat: ``{kind: a+b, field of a, field of b}``."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import lru_cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, PydanticKnownError, SchemaValidator, core_schema

from search_spaces.defenses.part import DEFENSE_PARTS, STAGES, PartSettings
from search_spaces.settings import Settings

NO_DEF = "no_def"
"""The kind of a defence without parts."""

SLOTS = {
    "freezing": "which units are frozen",
    "dependence": "how much the hidden layers depend on x and y",
    "neck": "the layer in front of the head",
}
"""What a part in a slot decides, for messages."""

PartClass = type[PartSettings]
M = TypeVar("M", bound=BaseModel)


def kind_of(parts: Iterable[PartClass]) -> str:
    """Return the kind of a product of ``parts``.

    >>> kind_of([])
    'no_def'
    """
    return "+".join(part.kind_name() for part in parts) or NO_DEF


def name_of(parts: Iterable[PartClass]) -> str:
    """Return the published names of ``parts``.

    >>> name_of([])
    'No-Def'
    """
    return " + ".join(part.label for part in parts) or "No-Def"


def in_order(parts: Iterable[PartClass]) -> tuple[PartClass, ...]:
    """Return ``parts`` by stage, then by kind. Raises ``ValueError`` for parts that do not go together."""
    listed = tuple(sorted(parts, key=lambda part: (STAGES.index(part.stage), part.kind_name())))
    counts = Counter(part.kind_name() for part in listed)
    repeated = [kind for kind, count in counts.items() if count > 1]
    if repeated:
        raise ValueError(f"{kind_of(listed)}: each part at most once, but repeated: {', '.join(repeated)}")
    for slot, count in Counter(part.slot for part in listed if part.slot is not None).items():
        if count > 1:
            raise ValueError(_contradiction(listed, slot))
    return listed


def _contradiction(parts: Sequence[PartClass], slot: str) -> str:
    rivals = [part.kind_name() for part in parts if part.slot == slot]
    taken, present = {part.slot for part in parts} - {None}, set(parts)
    fitting = [part.kind_name() for part in DEFENSE_PARTS if part.slot not in taken and part not in present]
    return (
        f"{kind_of(parts)}: {' and '.join(rivals)} both decide {SLOTS.get(slot, slot)}; keep one of them; "
        f"what goes with either: {', '.join(fitting) or 'none'}"
    )


def parts_of(kind: str) -> tuple[PartClass, ...]:
    """Return the parts that ``kind`` names, in order: none for ``no_def``.

    Raises a pydantic error that lists the kinds there are, and ``ValueError`` for parts that do not go
    together.
    """
    names = [] if kind == NO_DEF else kind.split("+")
    for name in names:
        if name == NO_DEF:
            raise ValueError(f"{kind}: no_def is the defence without parts; write it alone or leave it out")
        if not DEFENSE_PARTS.find(name):
            known = ", ".join(repr(one) for one in (NO_DEF, *DEFENSE_PARTS.kinds))
            raise PydanticKnownError(
                "union_tag_invalid", {"discriminator": "'kind'", "tag": name, "expected_tags": known}
            )
    return in_order(DEFENSE_PARTS[name] for name in names)


def parts_in(values: Any) -> tuple[PartClass, ...]:  # noqa: ANN401  (plain YAML values)
    """Return the parts that the ``kind`` of ``values`` names. Raises pydantic errors."""
    if not isinstance(values, Mapping):
        raise PydanticCustomError(
            "defense", "Input should be a group of settings with a kind, or a list of parts"
        )
    kind = values.get("kind")
    if not isinstance(kind, str):
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'kind'"})
    return parts_of(kind)


def written_names(parts: Sequence[PartClass]) -> dict[str, tuple[PartClass, str]]:
    """Return the name of each field of a product -> its part and its name there.

    A name that two parts share is written ``part.field``.
    """
    counts = Counter(name for part in parts for name in part.fields())
    return {
        name if counts[name] == 1 else f"{part.kind_name()}.{name}": (part, name)
        for part in parts
        for name in part.fields()
    }


class Products:
    """The classes of products by kind; what error messages ask for the names that are allowed."""

    def __init__(self, class_of: Callable[[tuple[PartClass, ...]], type[BaseModel]]) -> None:
        self._class_of = class_of

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of a defence of one part, and of none."""
        return (NO_DEF, *DEFENSE_PARTS.kinds)

    def __getitem__(self, kind: str) -> type[BaseModel]:
        """Return the class of the product. Raises ``ValueError`` for a kind that is none."""
        return self._class_of(parts_of(kind))


@lru_cache(maxsize=1024)
def flat_class(parts: tuple[PartClass, ...]) -> type[Settings]:
    """Return the class of a product written flat; its fields are those of ``parts``."""
    fields = {name: field_of(part, inner) for name, (part, inner) in written_names(parts).items()}
    return product_class(kind_of(parts), fields, Settings)


def field_of(part: PartClass, name: str) -> tuple[Any, FieldInfo]:
    """Return a field of ``part`` as ``create_model`` takes it."""
    field = copy(part.model_fields[name])
    return field.annotation, field


def product_class(kind: str, fields: Mapping[str, Any], base: type[M]) -> type[M]:
    """Return a class of settings with this ``kind`` and these ``fields``."""
    given: dict[str, Any] = {"kind": (Literal[kind], kind), **fields}
    made: type[M] = create_model(kind, __base__=base, **given)
    return made


@lru_cache(maxsize=1024)
def validator_of(made: type[BaseModel]) -> SchemaValidator:
    """Return a validator whose places begin with the kind, as those of a tagged union do."""
    kind = made.model_fields["kind"].default
    choices: dict[Any, core_schema.CoreSchema] = {kind: made.__pydantic_core_schema__}
    return SchemaValidator(core_schema.tagged_union_schema(choices, discriminator="kind"))


def split(parts: Sequence[PartClass], values: Mapping[str, Any]) -> tuple[PartSettings, ...]:
    """Return the settings of each part from the ``values`` of a product written flat."""
    own: dict[PartClass, dict[str, Any]] = {part: {"kind": part.kind_name()} for part in parts}
    for name, (part, inner) in written_names(parts).items():
        if name in values:
            own[part][inner] = values[name]
    return tuple(part.model_validate(plain) for part, plain in own.items())
