"""The document of ``report`` and ``export``."""

from orchestrator.documents.document import Document
from orchestrator.documents.status import UnreadableDocument


class WrittenDocument(Document):
    """``report`` and ``export``: the file that was written, and what of the store could not go into it."""

    sweep_id: str | None
    store: str
    file: str
    unreadable_parts: list[UnreadableDocument]
