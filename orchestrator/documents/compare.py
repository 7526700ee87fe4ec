"""The document of ``compare``."""

from typing import TYPE_CHECKING, Literal, Self

from pydantic import RootModel

from orchestrator.documents.document import Document
from results.statistics.comparison import Comparison

if TYPE_CHECKING:
    from orchestrator.comparing import Compared
    from results.statistics.comparison import AttackComparison
    from results.statistics.configurations import Configuration
    from results.sweep_comparison import SweepComparison, SweepSide


class ComparedPoint(Document):
    """One side of a comparison of configurations."""

    config_id: str
    label: str
    acc: float
    worst_att_acc: float | None
    worst_attack: str | None
    seeds: list[int]

    @classmethod
    def of(cls, configuration: "Configuration") -> Self:
        """Return what a comparison says of one configuration."""
        return cls.model_validate(configuration, from_attributes=True)


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

    @classmethod
    def of(cls, one: "AttackComparison") -> Self:
        """Return one attack as a row of the comparison's table."""
        return cls(**one.row())


class ConfigurationComparison(Document):
    """Two configurations."""

    first: ComparedPoint
    second: ComparedPoint
    seeds: list[int]
    acc_difference: float
    attacks: list[AttackDifference]

    @classmethod
    def of(cls, comparison: Comparison) -> Self:
        """Return the first configuration against the second."""
        return cls.model_validate(_sides(comparison))


class OfOneSweep(Document):
    """What is said first of a comparison within a sweep."""

    kind: Literal["configurations"]
    sweep_id: str


class ComparedConfigurations(ConfigurationComparison, OfOneSweep):  # fields of the last base come first
    """``compare`` of two configurations of one sweep."""


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

    @classmethod
    def of(cls, side: "SweepSide") -> Self:
        """Return one side of a comparison of sweeps."""
        summary, (low, high) = side.summary, side.hypervolume_interval or (None, None)
        return cls(
            store=side.store,
            sweep_id=summary.sweep_id,
            title=summary.record.title if summary.record else None,
            configurations=len(summary.configurations),
            finished=summary.finished,
            hypervolume=summary.hypervolume,
            low=low,
            high=high,
            front=[ComparedPoint.of(one) for one in summary.front],
        )


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

    @classmethod
    def of(cls, comparison: "SweepComparison") -> Self:
        """Return the first sweep against the second."""
        difference = comparison.hypervolume_difference
        return cls(
            kind="sweeps",
            first=ComparedSweep.of(comparison.first),
            second=ComparedSweep.of(comparison.second),
            paired=comparison.paired,
            notes=list(comparison.notes),
            hypervolume_difference=None
            if difference is None
            else HypervolumeDifference(difference=difference.value, low=difference.low, high=difference.high),
            configurations=[ConfigurationComparison.of(one) for one in comparison.configurations],
            only_first=[ComparedPoint.of(one) for one in comparison.only_first],
            only_second=[ComparedPoint.of(one) for one in comparison.only_second],
        )


class CompareDocument(RootModel[ComparedConfigurations | ComparedSweeps]):
    """``compare``: two configurations or two sweeps; ``kind`` says which."""


def compare_document(compared: "Compared") -> ComparedConfigurations | ComparedSweeps:
    """Return what ``compare`` prints; ``kind`` says what was compared."""
    if isinstance(compared.comparison, Comparison):
        of_one_sweep = {"kind": "configurations", "sweep_id": compared.sweep_id}
        return ComparedConfigurations.model_validate({**of_one_sweep, **_sides(compared.comparison)})
    return ComparedSweeps.of(compared.comparison)


def _sides(comparison: Comparison) -> dict[str, object]:
    return {
        "first": ComparedPoint.of(comparison.first),
        "second": ComparedPoint.of(comparison.second),
        "seeds": comparison.seeds,
        "acc_difference": comparison.acc_difference,
        "attacks": [AttackDifference.of(attack) for attack in comparison.attacks],
    }
