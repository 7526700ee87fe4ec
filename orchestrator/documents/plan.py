"""The document of ``plan``."""

from typing import TYPE_CHECKING, Any, Self

from orchestrator.documents.document import Counts, Document

if TYPE_CHECKING:
    from orchestrator.planning.plan import Plan


class SharedPieceDocument(Document):
    """A prior or an evaluator that all trials use."""

    name: str
    identity: str
    in_store: bool


class TrainingSizeDocument(Document):
    """Pictures of the data, and the length of the training of a T without a defence."""

    private_classes: int
    train_images: int
    test_images: int
    public_classes: int
    public_images: int
    epochs: int
    steps: int


class PlanDocument(Document):
    """``plan``: what running the sweep now would do, and what it costs at rates measured in the store."""

    sweep_id: str
    space: str
    setup: str
    store: str
    planned: Counts
    ended: Counts
    pieces_per_trial: list[str]
    attacks_per_trial: list[str]
    attack_settings: dict[str, dict[str, Any]]
    """Kind of attack -> every setting it runs with."""
    budget_factors: dict[str, float]
    """Kind of attack -> its share of the published work."""
    shared: list[SharedPieceDocument]
    requests: dict[str, dict[str, int | float]]
    """Kind of step -> ``cpus`` and ``gpus`` it asks for; empty when the machines are not known."""
    cpu_seconds: float | None
    gpu_seconds: float | None
    disk_bytes: float | None
    machine_hours: float | None
    usd_per_hour: float | None
    usd: float | None
    left: Counts
    size: TrainingSizeDocument | None
    """Null where loading the data alone would tell."""
    notes: list[str]
    """What is worth knowing before the sweep starts."""

    @classmethod
    def of(cls, plan: "Plan") -> Self:
        """Return ``plan`` with what it costs and what is left."""
        known = {**vars(plan), **vars(plan.cost), "left": plan.left}
        return cls.model_validate({name: known[name] for name in cls.model_fields}, from_attributes=True)
