"""Documents of the commands that look after machines, stores and files."""

from typing import Literal

from orchestrator.documents.document import Document
from orchestrator.documents.looking import UnreadableDocument
from orchestrator.documents.running import PlanDocument


class FindingDocument(Document):
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "missing", "warning", "broken"]
    text: str
    group: str


class DoctorDocument(Document):
    """``doctor``: what there is."""

    healthy: bool
    findings: list[FindingDocument]


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


class WrittenDocument(Document):
    """``report`` and ``export``: the file that was written, and what of the store could not go into it."""

    sweep_id: str | None
    store: str
    file: str
    unreadable_parts: list[UnreadableDocument]


class MachineDocument(Document):
    """One kind of node of a cluster file, as far as it is known."""

    name: str
    machine: str | None
    spot: bool
    most: int
    resources: dict[str, float]
    usd_per_hour: float | None
    usd_source: str | None


class ClusterCheckDocument(Document):
    """``cluster check``: what stands between a cluster file and a sweep; ``sweep`` is as of ``plan``."""

    file: str
    cluster: str
    ready: bool
    findings: list[FindingDocument]
    machines: list[MachineDocument]
    sweep: PlanDocument | None
