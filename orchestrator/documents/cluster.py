"""The document of ``cluster check``."""

from typing import TYPE_CHECKING, Self

from orchestrator.documents.doctor import FindingDocument
from orchestrator.documents.document import Document
from orchestrator.documents.plan import PlanDocument

if TYPE_CHECKING:
    from orchestrator.launch.check import ClusterReport
    from orchestrator.planning.plan import Plan


class MachineDocument(Document):
    """One kind of node of a cluster file, as far as it is known."""

    name: str
    machine: str | None
    spot: bool
    most: int
    resources: dict[str, int | float]
    usd_per_hour: float | None
    usd_source: str | None


class ClusterCheckDocument(Document):
    """``cluster check``: what stands between a cluster file and a sweep; ``sweep`` is as of ``plan``."""

    file: str
    cluster: str
    findings: list[FindingDocument]
    machines: list[MachineDocument]
    ready: bool
    sweep: PlanDocument | None

    @classmethod
    def of(cls, report: "ClusterReport", plan: "Plan | None") -> Self:
        """Return the report with the plan of a sweep, when one was asked for."""
        known = {**vars(report), "ready": report.ready, "sweep": PlanDocument.of(plan) if plan else None}
        return cls.model_validate(known, from_attributes=True)
