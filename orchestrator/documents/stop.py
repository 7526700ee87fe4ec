"""The document of ``stop`` and ``cancel``."""

from collections.abc import Mapping
from typing import Literal, Self

from orchestrator.documents.document import Document


class DriverDocument(Document):
    """The process that runs a sweep; unknown fields of a damaged claim are null."""

    pid: int | None
    host: str | None

    @classmethod
    def of(cls, holder: Mapping[str, object]) -> Self:
        """Return what the holder of a sweep wrote; ``None`` for what is no process number or no name."""
        pid, host = holder.get("pid"), holder.get("host")
        return cls(
            pid=pid if isinstance(pid, int) else None,
            host=host if isinstance(host, str) else None,
        )


class AskedDocument(Document):
    """``stop`` and ``cancel``: whom was asked to end."""

    sweep_id: str
    store: str
    asked: Literal["stop", "cancel"]
    driver: DriverDocument
    ended: bool
