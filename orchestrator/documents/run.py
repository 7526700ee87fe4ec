"""The document of ``run``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from orchestrator.documents.document import Document

if TYPE_CHECKING:
    from orchestrator.driver.sweep import SweepOutcome


class RunDocument(Document):
    """``run``: how it ended."""

    sweep_id: str
    store: str
    done: int
    failed: int
    ran: int
    """Trials of this run; the others were in the store before."""
    stopped: str | None
    """Why it stopped before its end."""
    notes: list[str]
    outputs: list[str]
    """Report, figure and tables written."""

    @classmethod
    def of(cls, outcome: "SweepOutcome", outputs: Sequence[object]) -> Self:
        """Return how a run ended that wrote the files ``outputs``."""
        return cls(
            sweep_id=outcome.sweep_id,
            store=outcome.store_uri,
            done=outcome.done,
            failed=outcome.failed,
            ran=outcome.ran,
            stopped=outcome.stopped,
            notes=list(outcome.notes),
            outputs=[str(path) for path in outputs],
        )
