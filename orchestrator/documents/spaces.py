"""Documents of ``spaces``."""

from pydantic import RootModel

from orchestrator.documents.document import Document
from search_spaces import Space


class SpacesListDocument(RootModel[dict[str, str]]):
    """``spaces list``: name -> description."""


class SpacesShowDocument(RootModel[Space]):
    """``spaces show``: the space with every default filled in."""


class ComplaintDocument(Document):
    """One error of a space file."""

    where: str
    message: str
    line: int | None


class SpacesValidateDocument(Document):
    """``spaces validate``: every error, or how many trials the space comes to."""

    file: str
    valid: bool
    message: str
    errors: list[ComplaintDocument]
    trials: int | None
    setup: str | None
