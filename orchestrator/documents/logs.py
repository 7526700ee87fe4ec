"""The document of ``logs``."""

from typing import TYPE_CHECKING, Any, Literal, Self

from orchestrator.documents.document import Document

if TYPE_CHECKING:
    from orchestrator.trial_report import TrialReport


class StepDocument(Document):
    """A step of a trial, as it ended or was last heard of; ``log``: path in the store of what it logged."""

    name: str
    state: Literal["waiting", "started", "done", "found", "failed"]
    seconds: float | None
    reason: str | None
    host: str | None
    log: str | None


class LogsDocument(Document):
    """``logs``: what is known of one trial. Times are ISO 8601, UTC."""

    label: str
    sweep_id: str
    number: int
    role: str
    trial: dict[str, Any]
    """Configuration: ``target``, and ``attacks`` on it."""
    state: str
    reason: str | None
    started_at: str
    ended_at: str
    steps: list[StepDocument]
    defense: dict[str, str]
    """What the rows of T say of its defence: ``defense``, ``defense_settings`` and ``defense_parts``."""
    command: str
    """Runs the trial once more, in one process, into a store of its own."""
    logs: dict[str, str]
    """Name of a step -> what it logged."""
    places: dict[str, str]
    """Name of a step -> where that lies: a file, or a path in the bucket."""

    @classmethod
    def of(cls, report: "TrialReport") -> Self:
        """Return what is known of a trial."""
        known = {**vars(report.log), "label": report.label, "command": report.command}
        texts = {"logs": report.texts, "places": report.places}
        return cls.model_validate({**known, **texts}, from_attributes=True)
