"""JSON Schemas: of the files that users write, of the documents that commands print, and of the tables."""

from typing import Any

from pydantic import BaseModel, RootModel

from orchestrator.documents.documents import DOCUMENTS
from results.schema import SCHEMA_VERSION, SCHEMAS
from search_spaces import Setup, Space

DIALECT = "https://json-schema.org/draft/2020-12/schema"

FILES: dict[str, type[BaseModel]] = {"space": Space, "setup": Setup}
"""Files that users write -> the settings they hold."""


class SchemaDocument(RootModel[dict[str, Any]]):
    """``schema``: a JSON Schema, or the columns of the tables."""


def schema_names() -> list[str]:
    """Return everything that has a schema."""
    return [*FILES, "tables", *DOCUMENTS]


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a file or document; for ``tables`` the columns of every table.

    >>> schema_of("space")["required"]
    ['name', 'description', 'defenses', 'attacks']
    >>> schema_of("tables")["tables"]["curves"]["target_id"]
    'string'
    """
    if name == "tables":
        columns = {
            table: {row_model.name: str(row_model.type) for row_model in schema}
            for table, schema in SCHEMAS.items()
        }
        return {"schema_version": SCHEMA_VERSION, "tables": columns}
    model = FILES.get(name) or DOCUMENTS[name]
    return {"$schema": DIALECT, **model.model_json_schema()}
