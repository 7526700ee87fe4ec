"""How long each defence trains T beside No-Def, as the supplement's Table 13 has it."""

from dataclasses import dataclass

from results.statistics.configurations import Configuration
from results.statistics.summary import SweepSummary


@dataclass(frozen=True)
class TrainingTime:
    """Wall time of training one T of a configuration: the mean over its seeds, of the epochs alone."""

    configuration: Configuration
    seconds: float
    ratio: float | None
    """Seconds over those of No-Def, of the same D_pretrain weights if there is one; nothing without any."""
    epoch_ratio: float | None
    """The same for one epoch: the fair number where recipes differ in length."""


def training_times(summary: SweepSummary) -> tuple[TrainingTime, ...]:
    """Return the training time of every configuration of a sweep that has one, in the sweep's order."""
    anchors = [one for one in summary.configurations if one.is_anchor and one.training_seconds]
    found = []
    for one in summary.configurations:
        if one.training_seconds is not None:
            anchor = _anchor_of(one, anchors)
            ratio = _ratio(one.training_seconds, anchor.training_seconds if anchor else None)
            epochs = _ratio(_per_epoch(one), _per_epoch(anchor) if anchor else None)
            found.append(TrainingTime(one, one.training_seconds, ratio, epochs))
    return tuple(found)


def machines(summary: SweepSummary) -> int:
    """Return on how many different machines and devices the targets of a sweep were trained."""
    return len({(row["host"], row["device"]) for row in summary.targets})


def _anchor_of(one: Configuration, anchors: list[Configuration]) -> Configuration | None:
    same = [anchor for anchor in anchors if anchor.pretrained == one.pretrained]
    return next(iter([*same, *anchors]), None)


def _per_epoch(one: Configuration) -> float | None:
    return one.training_seconds / one.epochs if one.training_seconds is not None and one.epochs else None


def _ratio(value: float | None, reference: float | None) -> float | None:
    return value / reference if value is not None and reference else None
