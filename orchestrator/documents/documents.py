"""The documents that ``--json`` prints, one class each: their JSON Schema is what programs may rely on.

A document may gain fields; those described here stay and keep their meaning. Accuracies and the ends of
intervals are fractions, times are seconds, an unknown value is null.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, RootModel

from search_spaces import Space

Counts = dict[str, int]
"""Role of a trial (search, confirmation, control) -> how many."""


class Document(BaseModel):
    """A group of fields that is always there, and may gain others."""

    model_config = ConfigDict(extra="allow")


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
    """``plan``: what running the sweep now would do."""

    sweep_id: str
    space: str
    setup: str
    store: str
    planned: Counts
    ended: Counts
    left: Counts
    attacks_per_trial: list[str]
    shared: list[SharedPieceDocument]
    cpu_seconds: float | None


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
    unreadable_parts: list[UnreadableDocument]


class TrialRow(Document):
    """A trial that has ended."""

    number: int
    role: str
    state: Literal["done", "failed"]
    label: str
    defense: str | None
    seed: int | None
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


class AskedDocument(Document):
    """``stop`` and ``cancel``: whom was asked to end."""

    sweep_id: str
    store: str
    asked: Literal["stop", "cancel"]
    driver: dict[str, int | str | None]
    ended: bool


class ComparedPoint(Document):
    """One side of a comparison of configurations."""

    config_id: str
    label: str
    acc: float
    worst_att_acc: float | None
    worst_attack: str | None
    seeds: list[int]


class AttackDifference(Document):
    """One attack on both: AttAcc of the first minus that of the second."""

    attack: str
    difference: float
    low: float
    high: float
    pairing: Literal["reconstructions", "classes", "none"]
    pairs: int
    classes_lower: int
    classes_higher: int
    classes_equal: int
    p_value: float | None


class ConfigurationComparison(Document):
    """Two configurations."""

    first: ComparedPoint
    second: ComparedPoint
    seeds: list[int]
    acc_difference: float
    attacks: list[AttackDifference]


class ComparedConfigurations(ConfigurationComparison):
    """``compare`` of two configurations of one sweep."""

    kind: Literal["configurations"]
    sweep_id: str


class ComparedSweep(Document):
    """One of two compared sweeps; ``low`` and ``high`` are the interval of its hypervolume."""

    store: str
    sweep_id: str | None
    title: str | None
    configurations: int
    finished: bool
    hypervolume: float
    low: float | None
    high: float | None
    front: list[ComparedPoint]


class HypervolumeDifference(Document):
    """Hypervolume of the first minus that of the second."""

    difference: float
    low: float
    high: float


class ComparedSweeps(Document):
    """``compare`` of two sweeps."""

    kind: Literal["sweeps"]
    first: ComparedSweep
    second: ComparedSweep
    paired: bool
    notes: list[str]
    hypervolume_difference: HypervolumeDifference | None
    configurations: list[ConfigurationComparison]
    only_first: list[ComparedPoint]
    only_second: list[ComparedPoint]


class CompareDocument(RootModel[ComparedConfigurations | ComparedSweeps]):
    """``compare``: two configurations or two sweeps; ``kind`` says which."""


class SpacesListDocument(RootModel[dict[str, str]]):
    """``spaces list``: name -> description."""


class SpacesShowDocument(RootModel[Space]):
    """``spaces show``: the space with every default filled in."""


class ComplaintDocument(Document):
    """One error of a space file."""

    where: str
    message: str
    line: int | None


class SpacesValidateDocument(Document):
    """``spaces validate``: every error, or how many trials the space comes to."""

    file: str
    valid: bool
    message: str
    errors: list[ComplaintDocument]
    trials: int | None
    setup: str | None


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


DOCUMENTS: dict[str, type[BaseModel]] = {
    "run": RunDocument,
    "plan": PlanDocument,
    "status": StatusDocument,
    "trials": TrialsDocument,
    "stop": AskedDocument,
    "cancel": AskedDocument,
    "compare": CompareDocument,
    "doctor": DoctorDocument,
    "spaces-list": SpacesListDocument,
    "spaces-show": SpacesShowDocument,
    "spaces-validate": SpacesValidateDocument,
}
"""Command (sub-commands joined by a dash) -> the document that its ``--json`` prints."""
