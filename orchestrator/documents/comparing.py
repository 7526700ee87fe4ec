"""The document of ``compare``."""

from typing import Literal

from pydantic import RootModel

from orchestrator.documents.document import Document


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
