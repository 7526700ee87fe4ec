"""The documents that ``--json`` prints, one class each: their JSON Schema is what programs may rely on.

A document may gain fields; those described here stay and keep their meaning. Accuracies and the ends of
intervals are fractions, times are seconds, an unknown value is null.
"""

from pydantic import BaseModel

from orchestrator.documents.cluster import ClusterCheckDocument
from orchestrator.documents.compare import CompareDocument
from orchestrator.documents.doctor import DoctorDocument
from orchestrator.documents.export import WrittenDocument
from orchestrator.documents.gc import GcDocument
from orchestrator.documents.logs import LogsDocument
from orchestrator.documents.plan import PlanDocument
from orchestrator.documents.retry import RetryDocument
from orchestrator.documents.run import RunDocument
from orchestrator.documents.spaces import (
    SpacesListDocument,
    SpacesShowDocument,
    SpacesValidateDocument,
)
from orchestrator.documents.status import StatusDocument
from orchestrator.documents.stop import AskedDocument
from orchestrator.documents.trials import TrialsDocument

DOCUMENTS: dict[str, type[BaseModel]] = {
    "run": RunDocument,
    "plan": PlanDocument,
    "status": StatusDocument,
    "trials": TrialsDocument,
    "logs": LogsDocument,
    "stop": AskedDocument,
    "cancel": AskedDocument,
    "retry": RetryDocument,
    "report": WrittenDocument,
    "export": WrittenDocument,
    "compare": CompareDocument,
    "gc": GcDocument,
    "doctor": DoctorDocument,
    "spaces-list": SpacesListDocument,
    "spaces-show": SpacesShowDocument,
    "spaces-validate": SpacesValidateDocument,
    "cluster-check": ClusterCheckDocument,
}
"""Command (sub-commands joined by a dash) -> the document that its ``--json`` prints."""

__all__ = ["DOCUMENTS"]
