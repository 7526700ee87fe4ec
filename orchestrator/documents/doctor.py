"""The document of ``doctor``."""

from typing import Literal

from orchestrator.documents.document import Document


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
