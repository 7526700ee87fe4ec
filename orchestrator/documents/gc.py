"""The document of ``gc``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from orchestrator.documents.document import Document

if TYPE_CHECKING:
    from results.stores.compaction import Compacted
    from results.stores.garbage import Total


class RemovedDocument(Document):
    """Files of one kind and their bytes."""

    files: int
    bytes: int


class MergedDocument(Document):
    """Small files of a table that became one."""

    table: str
    files: int


class GcDocument(Document):
    """``gc``: what was removed and merged, or with ``dry_run`` would be."""

    store: str
    dry_run: bool
    removed: dict[str, RemovedDocument]
    """Kind of file, in words -> how many."""
    merged: list[MergedDocument]

    @classmethod
    def of(
        cls, store: str, dry_run: bool, removed: Mapping[str, "Total"], merged: "tuple[Compacted, ...]"
    ) -> Self:
        """Return what was removed by kind, and what was merged."""
        return cls(
            store=store,
            dry_run=dry_run,
            removed={kind: RemovedDocument(**total._asdict()) for kind, total in removed.items()},
            merged=[MergedDocument(table=mergeable.table, files=mergeable.parts) for mergeable in merged],
        )
