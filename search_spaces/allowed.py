"""What a group of settings may hold, read off the settings classes."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import NoneType, UnionType
from typing import Annotated, Any, Protocol, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from search_spaces.registry import OneOf


class Products(Protocol):
    """Groups of settings by kind where kinds are composed: a class has them as its ``products``."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of one part, or none."""

    def __getitem__(self, kind: str) -> type[BaseModel]:
        """Return the class of a kind. Raises ``ValueError`` for what is none."""


def allowed_at(model: type, location: Sequence[int | str]) -> tuple[str, ...]:
    """Return the names that are allowed under ``location`` of ``model``: of settings, or of kinds.

    ``location`` is one of pydantic's: names, indices, and the kind of an item after its index. Empty for a
    place that holds no group. Kinds of a registry are those that are registered now.
    """
    here: Any = model
    for part in location:
        here = next(_enter(here, part), None)
    return tuple(dict.fromkeys(_names(here)))


def _names(annotation: Any) -> Iterator[str]:  # noqa: ANN401  (any type annotation)
    products = _products(annotation)
    if products is not None:
        yield from products.kinds
        return
    members = _members(annotation)
    for tag, member in members:
        if not _is_group(member):
            continue
        if tag is not None or len(members) > 1:
            yield tag or _tag(member)
        else:
            yield from member.model_fields


def _enter(annotation: Any, part: int | str) -> Iterator[Any]:  # noqa: ANN401
    """Yield what may lie under ``part`` of a place of this type."""
    products = _products(annotation)
    if products is not None:
        with suppress(ValueError):
            yield products[str(part)]
        return
    members = _members(annotation)
    for tag, member in members:
        origin, arguments = get_origin(member), get_args(member)
        if _is_group(member):
            if (tag is not None or len(members) > 1) and part == (tag or _tag(member)):
                yield member
            elif part in member.model_fields:
                yield _annotation(member.model_fields[str(part)])
        elif origin is dict:
            yield arguments[1]
        elif origin in (tuple, list) and isinstance(part, int):
            yield arguments[0] if arguments[-1] is Ellipsis else arguments[min(part, len(arguments) - 1)]


def _products(annotation: Any) -> Products | None:  # noqa: ANN401
    """Return the products of a class whose kinds are composed of parts, such as a defence."""
    members = _members(annotation)
    return getattr(members[0][1], "products", None) if len(members) == 1 else None


def _annotation(field: FieldInfo) -> Any:  # noqa: ANN401
    """Return the type of ``field`` with the registry that its members come from, if any."""
    kinds = [item for item in field.metadata if isinstance(item, OneOf)]
    return Annotated[field.annotation, kinds[0]] if kinds else field.annotation


def _members(annotation: Any) -> list[tuple[str | None, Any]]:  # noqa: ANN401
    """Return the types of a union, or any other type as the only one; classes of a registry by their kind."""
    if get_origin(annotation) is Annotated:
        for item in annotation.__metadata__:
            if isinstance(item, OneOf):
                return [(cls.kind_name(), cls) for cls in item.registry]
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [
            member for option in get_args(annotation) if option is not NoneType for member in _members(option)
        ]
    return [(None, annotation)]


def _is_group(member: Any) -> bool:  # noqa: ANN401
    return isinstance(member, type) and issubclass(member, BaseModel)


def _tag(group: type[BaseModel]) -> str:
    """Return what pydantic calls a member of a union in a location: its kind, or how a range is written."""
    kind = group.model_fields.get("kind")
    return next(iter(group.model_fields)) if kind is None else str(kind.default)
