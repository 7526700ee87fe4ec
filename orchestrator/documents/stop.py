"""The document of ``stop`` and ``cancel``."""

from typing import Literal

from orchestrator.documents.document import Document


class DriverDocument(Document):
    """The process that runs a sweep; unknown fields of a damaged claim are null."""

    pid: int | None
    host: str | None


class AskedDocument(Document):
    """``stop`` and ``cancel``: whom was asked to end."""

    sweep_id: str
    store: str
    asked: Literal["stop", "cancel"]
    driver: DriverDocument
    ended: bool
