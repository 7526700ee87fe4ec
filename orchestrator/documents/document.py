"""What every document of ``--json`` is made of."""

from pydantic import BaseModel, ConfigDict

Counts = dict[str, int]
"""Role of a trial (search, confirmation, control) -> how many."""


class Document(BaseModel):
    """A group of fields that is always there, and may gain others."""

    model_config = ConfigDict(extra="allow")
