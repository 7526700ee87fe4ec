"""Documents of the commands that plan, run and end sweeps."""

from typing import Any, Literal

from pydantic import RootModel

from orchestrator.documents.document import Counts, Document


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


class SharedPieceDocument(Document):
    """A prior or an evaluator that all trials use."""

    name: str
    identity: str
    in_store: bool


class PlanDocument(Document):
    """``plan``: what running the sweep now would do, and what it costs at rates measured in the store."""

    sweep_id: str
    space: str
    setup: str
    store: str
    planned: Counts
    ended: Counts
    left: Counts
    pieces_per_trial: list[str]
    attacks_per_trial: list[str]
    attack_settings: dict[str, dict[str, Any]]
    """Kind of attack -> every setting it runs with."""
    budget_factors: dict[str, float]
    """Kind of attack -> its share of the published work."""
    shared: list[SharedPieceDocument]
    requests: dict[str, dict[str, float]]
    """Kind of step -> ``cpus`` and ``gpus`` it asks for; empty when the machines are not known."""
    cpu_seconds: float | None
    gpu_seconds: float | None
    disk_bytes: float | None
    machine_hours: float | None
    usd_per_hour: float | None
    usd: float | None


class DriverDocument(Document):
    """The process that runs a sweep; unknown fields of a damaged claim are null."""

    pid: int | None
    host: str | None


class AskedDocument(Document):
    """``stop`` and ``cancel``: whom was asked to end."""

    sweep_id: str
    store: str
    asked: Literal["stop", "cancel"]
    driver: DriverDocument
    ended: bool


class RetryAskedDocument(Document):
    """``retry`` while a driver runs the sweep: which trials that runs again when the rest is done."""

    sweep_id: str
    store: str
    asked: Literal["retry"]
    trials: list[int]


class RetryDocument(RootModel[RunDocument | RetryAskedDocument]):
    """``retry``: how it ended, as of ``run``; while a driver runs the sweep what that was asked."""
