"""The JSON Schema of defences written flat: any product of parts, with the fields of its parts alone."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler

from search_spaces.defenses.part import DEFENSE_PARTS
from search_spaces.defenses.products import NO_DEF, PartClass

Schema = dict[str, Any]


def product_schema(
    class_of: Callable[[tuple[PartClass, ...]], type[BaseModel]], handler: GetJsonSchemaHandler
) -> Schema:
    """Return the schema of every product of parts; ``class_of`` gives the class of a product written flat.

    Its size grows with the number of parts, not with that of products.
    """
    properties: dict[str, list[Schema]] = defaultdict(list)
    owners: dict[str, list[str]] = defaultdict(list)
    rules: list[Schema] = []
    for part in DEFENSE_PARTS:
        kind, own = part.kind_name(), class_of((part,))
        plain = handler.resolve_ref_schema(handler(own.__pydantic_core_schema__))
        needed = [name for name in plain.get("required", ()) if name != "kind"]
        if needed:
            rules.append({"if": _holds([kind]), "then": {"required": needed}})
        for name, schema in plain["properties"].items():
            if name != "kind":
                properties[name].append(schema)
                owners[name].append(kind)
    for name, kinds in list(owners.items()):
        if len(kinds) > 1:
            for kind, schema in zip(kinds, list(properties[name]), strict=True):
                properties[f"{kind}.{name}"], owners[f"{kind}.{name}"] = [schema], [kind]
    rules += [{"if": {"not": _holds(kinds)}, "then": _without(name)} for name, kinds in owners.items()]
    any_kind = "|".join(DEFENSE_PARTS.kinds)
    return {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "pattern": f"^({NO_DEF}|({any_kind})(\\+({any_kind}))*)$"},
            **{name: _either(schemas) for name, schemas in properties.items()},
        },
        "required": ["kind"],
        "additionalProperties": False,
        "allOf": rules,
    }


def _holds(kinds: list[str]) -> Schema:
    """Return the schema of a product that has one of ``kinds`` among its parts."""
    return {"properties": {"kind": {"pattern": f"(^|\\+)({'|'.join(kinds)})(\\+|$)"}}}


def _without(name: str) -> Schema:
    return {"properties": {name: False}}


def _either(schemas: list[Schema]) -> Schema:
    distinct = [schema for place, schema in enumerate(schemas) if schema not in schemas[:place]]
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}
