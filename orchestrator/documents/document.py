"""What every document of ``--json`` is made of."""

from typing import Any

from pydantic import BaseModel, ConfigDict, RootModel

Counts = dict[str, int]
"""Role of a trial (search, confirmation, control) -> how many."""


class Document(BaseModel):
    """A group of fields that is always there, and may gain others; printed in the order of its fields."""

    # A NaN stays one, and printing refuses it: null means that a value is unknown.
    model_config = ConfigDict(extra="allow", ser_json_inf_nan="constants")


AnyDocument = Document | RootModel[Any]
"""What a command may print: a group of fields, or a document that is one map or one of several groups."""
