"""One defender configuration over its seeds: accuracies, intervals, difference to No-Def, Delta and cost."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from results.defenses import NO_DEF, Defense, Value, read_defense
from results.labels import attack_label, heading, label_of
from results.statistics.fitness import unfit_reason
from results.statistics.intervals import Difference, Interval, delta
from results.statistics.likeness import likeness_doubt
from results.statistics.pareto import Point
from results.statistics.tallies import Tally, pool_tallies, worst_difference, worst_interval

Row = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One trial that is done: the row of its target and the rows of the attacks on it."""

    number: int
    role: str
    target: Row
    attacks: tuple[Row, ...]

    @property
    def seed(self) -> int:
        """Seed of the training of T."""
        return int(self.target["seed"] or 0)


@dataclass(frozen=True)
class AttackSummary:
    """One kind of attack on one configuration. Accuracies are fractions, means over seeds."""

    attack: str
    name: str
    """Published name."""
    att_acc: float
    interval: Interval | None
    difference: Difference | None
    """Against the same attack on No-Def, same seeds where possible, paired by class."""
    delta: float | None
    """Robustness bought against this attack per accuracy paid, on the same seeds."""
    att_acc_top5: float | None
    second_att_acc: float | None
    target_confidence: float | None
    knn_distance: float | None
    attack_seconds: float | None
    judging_seconds: float | None
    attack_ids: tuple[str, ...]
    """First seed first."""
    distance_doubt: str | None = None
    """Why tables do not show ``knn_distance``."""


@dataclass(frozen=True)
class Configuration:
    """One defender configuration, aggregated over the seeds it was trained with."""

    config_id: str
    label: str
    described: Defense
    """The parts of the defence with their parameters."""
    pretrained: str | None
    variant: str | None
    """What T started from, in words, when the sweep compares several; part of the label."""
    recipe: str | None
    epochs: int | None
    control: str
    roles: tuple[str, ...]
    seeds: tuple[int, ...]
    acc: float
    acc_range: Interval | None
    """Smallest and largest Acc of the seeds; nothing with one seed."""
    attacks: dict[str, AttackSummary]
    worst_attack: str | None
    """Attack with the highest mean AttAcc; nothing while an attack of the sweep is missing."""
    worst_att_acc: float | None
    worst_interval: Interval | None
    difference: Difference | None
    """Worst AttAcc minus that of No-Def, paired by class."""
    delta: float | None
    theta_c: int | None
    theta_t: int | None
    train_seconds: float | None
    """Of the whole step, data and weights included."""
    training_seconds: float | None
    """Of the epochs alone."""
    on_front: bool = False
    unfit: str | None = None
    """Why its T, or one of them, says nothing about the defence: it takes part in no verdict or front."""
    freezes_random: bool = False
    """Its defence froze layers of a T that started from random weights, though not in the paper."""

    @property
    def defense(self) -> str:
        """The family: the kinds of the parts joined by ``+``."""
        return self.described.kind

    @property
    def parameters(self) -> dict[str, Value]:
        """The parameters of the defence by the names of their columns."""
        return self.described.columns

    @property
    def heading(self) -> tuple[str, str]:
        """The defence, or ``Control``, and its parameters."""
        return heading(self.described, self.control, self.variant)

    @property
    def is_anchor(self) -> bool:
        """This is No-Def itself."""
        return self.defense == NO_DEF and self.control == "none"

    @property
    def point(self) -> Point:
        """(Acc, worst AttAcc), NaN where not known or where T is unfit."""
        known = None if self.unfit else self.worst_att_acc
        return self.acc, math.nan if known is None else known

    @property
    def seconds(self) -> float | None:
        """Wall seconds of one seed: training, attacks and judging."""
        parts = [self.train_seconds]
        for summary in self.attacks.values():
            parts += [summary.attack_seconds, summary.judging_seconds]
        known = [part for part in parts if part is not None]
        return sum(known) if known else None


def known_mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are known, or nothing.

    >>> known_mean([0.5, None, 1.0])
    0.75
    """
    known = [float(value) for value in values if value is not None and math.isfinite(value)]
    return sum(known) / len(known) if known else None


class Runs:
    """The runs of one configuration, with the questions that are asked of them."""

    def __init__(self, runs: Sequence[Run], tallies: dict[str, Tally]) -> None:
        self.runs = sorted(runs, key=lambda run: (run.seed, run.number))
        self._tallies = tallies

    @property
    def seeds(self) -> tuple[int, ...]:
        """The training seeds, sorted."""
        return tuple(sorted({run.seed for run in self.runs}))

    @property
    def control(self) -> str:
        """Which control these are, ``none`` for a defence."""
        return self.runs[0].target["control"] or "none"

    @property
    def unfit(self) -> str | None:
        """Why one of the targets says nothing about the defence; ``None`` where all may."""
        return next(filter(None, (unfit_reason(run.target) for run in self.runs)), None)

    def kinds(self) -> list[str]:
        """Return the kinds of attack that were run, sorted."""
        return sorted({row["attack"] for run in self.runs for row in run.attacks})

    def acc(self, seeds: Iterable[int]) -> float | None:
        """Return the mean Acc over ``seeds``."""
        wanted = set(seeds)
        return known_mean(run.target["acc"] for run in self.runs if run.seed in wanted)

    def rows(self, kind: str, seeds: Iterable[int]) -> list[Row]:
        """Return the rows of one kind of attack, first seed first."""
        wanted = set(seeds)
        return [
            row for run in self.runs if run.seed in wanted for row in run.attacks if row["attack"] == kind
        ]

    def att_acc(self, kind: str, seeds: Iterable[int]) -> float | None:
        """Return the mean AttAcc of one kind of attack over ``seeds``."""
        return known_mean(row["att_acc"] for row in self.rows(kind, seeds))

    def worst(self, kinds: Sequence[str], seeds: Iterable[int]) -> tuple[str, float] | None:
        """Return the attack with the highest mean AttAcc; nothing when one of ``kinds`` has no AttAcc."""
        wanted = tuple(seeds)
        means = {kind: self.att_acc(kind, wanted) for kind in kinds}
        known = {kind: mean for kind, mean in means.items() if mean is not None}
        if not known or len(known) < len(kinds):
            return None
        kind = max(known, key=lambda name: known[name])
        return kind, known[kind]

    def tally(self, kind: str, seeds: Iterable[int]) -> Tally:
        """Return the successes of one kind of attack by class, seeds pooled."""
        ids = (row["attack_id"] for row in self.rows(kind, seeds))
        return pool_tallies(self._tallies[attack_id] for attack_id in ids if attack_id in self._tallies)


def paired_seeds(runs: Runs, anchor: Runs) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the seeds of both to compare: those they share, or all of each when they share none."""
    shared = tuple(sorted(set(runs.seeds) & set(anchor.seeds)))
    return (shared, shared) if shared else (runs.seeds, anchor.seeds)


def _attack_summary(kind: str, runs: Runs, anchor: Runs | None) -> AttackSummary | None:
    att_acc = runs.att_acc(kind, runs.seeds)
    if att_acc is None:
        return None
    rows = runs.rows(kind, runs.seeds)
    difference = bought = None
    if anchor is not None and kind in anchor.kinds():
        ours, theirs = paired_seeds(runs, anchor)
        difference = worst_difference([runs.tally(kind, ours)], [anchor.tally(kind, theirs)])
        bought = _bought(runs, anchor, lambda one, seeds: one.att_acc(kind, seeds))
    return AttackSummary(
        attack=kind,
        name=attack_label(rows[0]),
        att_acc=att_acc,
        interval=worst_interval([runs.tally(kind, runs.seeds)]),
        difference=difference,
        delta=bought,
        att_acc_top5=known_mean(row["att_acc_top5"] for row in rows),
        second_att_acc=known_mean(row["second_att_acc"] for row in rows),
        target_confidence=known_mean(row["target_confidence"] for row in rows),
        knn_distance=known_mean(row["knn_distance"] for row in rows),
        attack_seconds=known_mean(row["attack_seconds"] for row in rows),
        judging_seconds=known_mean(row["judging_seconds"] for row in rows),
        attack_ids=tuple(row["attack_id"] for row in rows),
        distance_doubt=likeness_doubt(rows, "knn_distance"),
    )


def _against_anchor(runs: Runs, anchor: Runs, kinds: Sequence[str]) -> tuple[Difference | None, float | None]:
    """Return the paired difference of the worst AttAcc, and Delta, both on the shared seeds."""
    ours, theirs = paired_seeds(runs, anchor)
    difference = worst_difference(
        [runs.tally(kind, ours) for kind in kinds], [anchor.tally(kind, theirs) for kind in kinds]
    )
    return difference, _bought(runs, anchor, lambda one, seeds: (one.worst(kinds, seeds) or (None, None))[1])


def _bought(
    runs: Runs, anchor: Runs, attacked: Callable[[Runs, Iterable[int]], float | None]
) -> float | None:
    """Return Delta on the shared seeds, by what ``attacked`` says is the AttAcc; None for a control."""
    ours, theirs = paired_seeds(runs, anchor)
    att_acc, anchor_att_acc = attacked(runs, ours), attacked(anchor, theirs)
    acc, anchor_acc = runs.acc(ours), anchor.acc(theirs)
    if runs.control != "none" or att_acc is None or anchor_att_acc is None:
        return None
    return None if acc is None or anchor_acc is None else delta(anchor_acc, anchor_att_acc, acc, att_acc)


def configuration(
    runs: Runs, anchor: Runs | None, kinds: Sequence[str], variant: str | None = None
) -> Configuration | None:
    """Return the configuration of ``runs``, or nothing when no Acc is known.

    ``anchor`` are the runs of No-Def to compare with, ``kinds`` the attacks of the sweep, ``variant`` what
    tells this T from the others of the sweep beside its defence. Where either T is unfit they are not
    compared.
    """
    if anchor is not None and (runs.unfit or anchor.unfit):
        anchor = None
    acc = runs.acc(runs.seeds)
    if acc is None:
        return None
    first = runs.runs[0].target
    defense = read_defense(first)
    accs = [run.target["acc"] for run in runs.runs if run.target["acc"] is not None]
    summaries = (_attack_summary(kind, runs, anchor) for kind in kinds)
    worst = runs.worst(kinds, runs.seeds)
    difference, robustness = _against_anchor(runs, anchor, kinds) if anchor and worst else (None, None)
    return Configuration(
        config_id=first["config_id"] or first["target_id"],
        label=label_of(defense, runs.control, variant),
        described=defense,
        pretrained=first["pretrained"],
        variant=variant,
        recipe=first["recipe"],
        epochs=first["epochs"],
        control=runs.control,
        roles=tuple(sorted({run.role for run in runs.runs})),
        seeds=runs.seeds,
        acc=acc,
        acc_range=(min(accs), max(accs)) if len(runs.seeds) > 1 else None,
        attacks={summary.attack: summary for summary in summaries if summary is not None},
        worst_attack=worst[0] if worst else None,
        worst_att_acc=worst[1] if worst else None,
        worst_interval=worst_interval([runs.tally(kind, runs.seeds) for kind in kinds]) if worst else None,
        difference=difference,
        delta=robustness,
        theta_c=first["theta_c"],
        theta_t=first["theta_t"],
        train_seconds=known_mean(run.target["seconds"] for run in runs.runs),
        training_seconds=known_mean(run.target["training_seconds"] for run in runs.runs),
        unfit=runs.unfit,
        freezes_random=any(run.target["freezes_random_layers"] for run in runs.runs),
    )
