"""The document of ``status``."""

from typing import TYPE_CHECKING, Self

from orchestrator.documents.document import Counts, Document

if TYPE_CHECKING:
    from results.statistics.configurations import Configuration
    from results.sweep_status import Status
    from results.sweeps.run_progress import RunProgress


class FrontPoint(Document):
    """A configuration on the front."""

    config_id: str
    label: str
    defense: str
    acc: float
    worst_att_acc: float
    worst_attack: str
    seeds: int

    @classmethod
    def of(cls, configuration: "Configuration") -> Self:
        """Return a configuration with the number of its seeds."""
        known = {name: getattr(configuration, name) for name in cls.model_fields}
        return cls.model_validate({**known, "seeds": len(configuration.seeds)})


class FailureDocument(Document):
    """A trial that failed."""

    number: int
    role: str
    label: str
    reason: str


class UnreadableDocument(Document):
    """A part of a table that was skipped."""

    path: str
    reason: str


class ErrorKindDocument(Document):
    """Failures with the same reason but for its numbers."""

    count: int
    last: FailureDocument


class UnfitTargetDocument(Document):
    """A trained T that says nothing about its defence; it takes part in no verdict and no front."""

    number: int
    """Of its first trial."""
    label: str
    reason: str


class RunningStepDocument(Document):
    """A step of a running trial."""

    name: str
    state: str
    seconds: float | None


class RunningTrialDocument(Document):
    """A trial that has started and not ended."""

    number: int
    role: str
    label: str
    started_at: str
    steps: list[RunningStepDocument]


class RunStateDocument(Document):
    """What the driver of the latest run said of it; ``alive``: it still runs. Times are ISO 8601, UTC."""

    alive: bool
    run: str
    pid: int
    host: str
    started_at: str
    written_at: str
    ended: int
    failed: int
    expected: int
    seconds_left: float | None
    trials: list[RunningTrialDocument]
    stopping: str | None
    outcome: str | None


class StatusDocument(Document):
    """``status``: how far a sweep has come."""

    sweep_id: str | None
    title: str | None
    done: Counts
    failed: Counts
    left: Counts | None
    finished: bool
    hypervolume: float
    front: list[FrontPoint]
    failures: list[FailureDocument]
    error_kinds: list[ErrorKindDocument]
    unreadable_parts: list[UnreadableDocument]
    unfit: list[UnfitTargetDocument]
    run: RunStateDocument | None

    @classmethod
    def of(cls, status: "Status", progress: "RunProgress | None" = None, alive: bool = False) -> Self:
        """Return how far a sweep has come, with what its latest run says of itself."""
        known = {
            **vars(status),
            "finished": status.finished,
            "front": [FrontPoint.of(configuration) for configuration in status.front],
            "error_kinds": status.error_kinds,
            "unreadable_parts": status.unreadable,
            "run": None if progress is None else {**vars(progress), "alive": alive},
        }
        return cls.model_validate({name: known[name] for name in cls.model_fields}, from_attributes=True)
