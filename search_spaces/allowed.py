"""What a group of settings may hold, read off the settings classes."""

from collections.abc import Iterator, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


def allowed_at(model: type, location: Sequence[int | str]) -> tuple[str, ...]:
    """Return the names that are allowed under ``location`` of ``model``: of settings, or of kinds.

    ``location`` is one of pydantic's: names, indices, and the kind of an item after its index. Nothing for a
    place that holds no group.
    """
    here: Any = model
    for part in location:
        here = next(_entered(here, part), None)
    return tuple(dict.fromkeys(_names(here)))


def _names(annotation: Any) -> Iterator[str]:  # noqa: ANN401  (any type annotation)
    for member in _members(annotation):
        if not _is_group(member):
            continue
        if len(_members(annotation)) > 1:
            yield _tag(member)
        else:
            yield from member.model_fields


def _entered(annotation: Any, part: int | str) -> Iterator[Any]:  # noqa: ANN401
    """Yield what may lie under ``part`` of a place of this type."""
    for member in _members(annotation):
        origin, arguments = get_origin(member), get_args(member)
        if _is_group(member):
            if len(_members(annotation)) > 1 and part == _tag(member):
                yield member
            elif part in member.model_fields:
                yield member.model_fields[str(part)].annotation
        elif origin is dict:
            yield arguments[1]
        elif origin in (tuple, list) and isinstance(part, int):
            yield arguments[0] if arguments[-1] is Ellipsis else arguments[min(part, len(arguments) - 1)]


def _members(annotation: Any) -> list[Any]:  # noqa: ANN401
    """Return the types of a union, any other type as the only one; without what is only said about them."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [inner for one in get_args(annotation) for inner in _members(one) if inner is not NoneType]
    return [annotation]


def _is_group(member: Any) -> bool:  # noqa: ANN401
    return isinstance(member, type) and issubclass(member, BaseModel)


def _tag(group: type[BaseModel]) -> str:
    """Return what pydantic calls a member of a union in a location: its kind, or how a range is written."""
    kind = group.model_fields.get("kind")
    return next(iter(group.model_fields)) if kind is None else str(kind.default)
