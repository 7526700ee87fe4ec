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
    anchors = [
        configuration
        for configuration in summary.configurations
        if configuration.is_anchor and configuration.training_seconds
    ]
    times = []
    for configuration in summary.configurations:
        if configuration.training_seconds is not None:
            anchor = _anchor_of(configuration, anchors)
            ratio = _ratio(configuration.training_seconds, anchor.training_seconds if anchor else None)
            epochs = _ratio(_per_epoch(configuration), _per_epoch(anchor) if anchor else None)
            times.append(TrainingTime(configuration, configuration.training_seconds, ratio, epochs))
    return tuple(times)


def machines(summary: SweepSummary) -> int:
    """Return on how many different machines and devices the targets of a sweep were trained."""
    return len({(row["host"], row["device"]) for row in summary.targets})


def _anchor_of(configuration: Configuration, anchors: list[Configuration]) -> Configuration | None:
    same = [anchor for anchor in anchors if anchor.pretrained == configuration.pretrained]
    return next(iter([*same, *anchors]), None)


def _per_epoch(configuration: Configuration) -> float | None:
    return (
        configuration.training_seconds / configuration.epochs
        if configuration.training_seconds is not None and configuration.epochs
        else None
    )


def _ratio(value: float | None, reference: float | None) -> float | None:
    return value / reference if value is not None and reference else None
