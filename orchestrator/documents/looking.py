"""Documents of the commands that look at a sweep: how far it is, its trials, one of them."""

from typing import Any, Literal

from pydantic import Field

from orchestrator.documents.document import Counts, Document


class FrontPoint(Document):
    """A configuration on the front."""

    config_id: str
    label: str
    defense: str
    acc: float
    worst_att_acc: float
    worst_attack: str
    seeds: int


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
    run: RunStateDocument | None


class TrialRow(Document):
    """A trial that has ended; after ``defense`` come the parameters of the sweep's defences by name."""

    __pydantic_extra__: dict[str, bool | int | float | str | None] = Field(init=False)

    number: int
    role: str
    state: Literal["done", "failed"]
    label: str
    defense: str | None
    control: str | None
    seed: int | None
    architecture: str | None
    pretrained: str | None
    epochs: int | None
    theta_c: int | None
    seconds: float | None
    host: str | None
    reason: str | None
    acc: float | None
    worst_att_acc: float | None
    trial_id: str | None
    target_id: str | None


class TrialsDocument(Document):
    """``trials``: the ended trials that were asked for, in the order asked for."""

    sweep_id: str
    store: str
    trials: list[TrialRow]


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

    sweep_id: str
    number: int
    role: str
    label: str
    state: str
    reason: str | None
    started_at: str
    ended_at: str
    trial: dict[str, Any]
    """Configuration: ``target``, and ``attacks`` on it."""
    steps: list[StepDocument]
    logs: dict[str, str]
    """Name of a step -> what it logged."""
    places: dict[str, str]
    """Name of a step -> where that lies: a file, or a path in the bucket."""
    command: str
    """Runs the trial once more, in one process, into a store of its own."""
    defense: dict[str, str]
    """What the rows of T say of its defence: ``defense``, ``defense_settings`` and ``defense_parts``."""
