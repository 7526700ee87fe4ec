"""A sweep in one object: its configurations, controls, front, failures and progress."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

from results.defenses import DEFENSE_COLUMNS, NO_DEF, Defense, read_defense
from results.labels import attack_label, configuration_label, pretrained_text
from results.statistics.configurations import Configuration, Row, Run, Runs, configuration
from results.statistics.fitness import JUDGED, unfit_reason
from results.statistics.front_trials import front_numbers, with_ids
from results.statistics.pareto import front_order, hypervolume, nondominated
from results.statistics.tallies import Tally, tallies
from results.stores.parts import rows_of
from results.stores.scanning import UnreadablePart
from results.sweeps.record import SweepRecord


@dataclass(frozen=True)
class Failure:
    """A trial that failed, and why."""

    number: int
    role: str
    label: str
    reason: str


@dataclass(frozen=True)
class UnfitTarget:
    """A trained T that says nothing about its defence, and why."""

    number: int
    """Of the first trial that has it."""
    label: str
    reason: str


@dataclass(frozen=True)
class Tables:
    """The rows of a store that a summary is made from. Without ``reconstructions`` there are no intervals."""

    trials: pa.Table
    targets: pa.Table
    attacks: pa.Table
    reconstructions: pa.Table | None = None
    unreadable: tuple[UnreadablePart, ...] = ()


@dataclass(frozen=True)
class SweepSummary:
    """What one sweep has found so far."""

    sweep_id: str | None
    record: SweepRecord | None
    configurations: tuple[Configuration, ...]
    """Defender configurations with a known Acc: No-Def first, then the front, then the others, by Acc."""
    controls: tuple[Configuration, ...]
    failures: tuple[Failure, ...]
    done: Mapping[str, int]
    """Trials done, by role."""
    failed: Mapping[str, int]
    attack_kinds: tuple[str, ...]
    targets: tuple[Row, ...]
    """Rows of the targets of the sweep that are done."""
    attacks: tuple[Row, ...]
    """Rows of the attacks of the sweep that are done."""
    unreadable: tuple[UnreadablePart, ...] = ()
    runs: tuple[Run, ...] = ()
    """The trials that are done, in order of proposal."""
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    """Successes by class of each attack, by attack_id; empty without reconstructions."""
    unfit: tuple[UnfitTarget, ...] = ()
    """All of them, in order of proposal, whether on the front or not."""
    families: Mapping[str, Defense] = field(default_factory=dict)
    """One defence of each family that the sweep has trained, by kind."""

    @property
    def attack_names(self) -> dict[str, str]:
        """Published name of each kind of attack."""
        return {row["attack"]: attack_label(row) for row in reversed(self.attacks)}

    @property
    def no_def(self) -> Configuration | None:
        """The anchor, once it is done."""
        return next((configuration for configuration in self.configurations if configuration.is_anchor), None)

    @property
    def defended(self) -> tuple[Configuration, ...]:
        """The configurations other than No-Def."""
        return tuple(configuration for configuration in self.configurations if not configuration.is_anchor)

    @property
    def front(self) -> tuple[Configuration, ...]:
        """The non-dominated configurations, No-Def among them if it is one, the lowest Acc first."""
        points = [configuration.point for configuration in self.configurations]
        return tuple(self.configurations[index] for index in front_order(points))

    @property
    def hypervolume(self) -> float:
        """Area dominated by the front, in [0, 1]; reference point Acc 0, AttAcc 1."""
        return hypervolume([configuration.point for configuration in self.configurations])

    @property
    def left(self) -> dict[str, int] | None:
        """Planned trials that are neither done nor failed, by role; nothing when the plan is not known."""
        if self.record is None or not self.record.planned:
            return None
        ended = Counter(self.done) + Counter(self.failed)
        return {role: max(planned - ended[role], 0) for role, planned in self.record.planned.items()}

    @property
    def finished(self) -> bool:
        """Nothing that was planned is left."""
        return self.left is not None and not any(self.left.values())


def summarise(
    sweep_id: str | None, record: SweepRecord | None, tables: Tables, front_only: bool = False
) -> SweepSummary:
    """Return the summary of one sweep of a store; an empty one when ``sweep_id`` is nothing.

    With ``front_only`` configurations that are not on the front may be missing from it, with their targets
    and attacks; counts and failures are whole. On thousands of trials that is much quicker.
    """
    trials = [row for row in rows_of(tables.trials) if row["sweep_id"] == sweep_id]
    rows = sorted(trials, key=lambda row: row["number"])
    families, unfit = _families(rows, tables.targets), _unfit(rows, tables.targets)
    if front_only:
        tables = _of_the_front(tables, rows)
    targets = _by_id(tables.targets, "target_id")
    attacks = _by_id(tables.attacks, "attack_id")
    runs = [
        _run(row, targets, attacks) for row in rows if row["state"] == "done" and row["target_id"] in targets
    ]
    kinds = tuple(sorted({attack["attack"] for run in runs for attack in run.attacks}))
    counted = {} if tables.reconstructions is None else tallies(tables.reconstructions)
    configurations = _configurations(runs, counted, kinds)
    failures = [row for row in rows if row["state"] == "failed"]
    return SweepSummary(
        sweep_id=sweep_id,
        record=record,
        configurations=_marked_and_ordered(
            [configuration for configuration in configurations if configuration.control == "none"]
        ),
        controls=tuple(configuration for configuration in configurations if configuration.control != "none"),
        failures=tuple(_failure(row, targets) for row in failures),
        done=Counter(row["role"] for row in rows if row["state"] == "done"),
        failed=Counter(row["role"] for row in failures),
        attack_kinds=kinds,
        targets=tuple({run.target["target_id"]: run.target for run in runs}.values()),
        attacks=tuple({row["attack_id"]: row for run in runs for row in run.attacks}.values()),
        unreadable=tables.unreadable,
        runs=tuple(runs),
        tallies=counted,
        families=families,
        unfit=unfit,
    )


def _families(trials: list[Row], targets: pa.Table) -> dict[str, Defense]:
    """Return one defence of each family that the trials have trained, by kind."""
    trained = {row["target_id"] for row in trials}
    columns = [targets[name].to_pylist() for name in ("target_id", *DEFENSE_COLUMNS)]
    first: dict[str, Row] = {}
    for target_id, *values in zip(*columns, strict=True):
        row = dict(zip(DEFENSE_COLUMNS, values, strict=True))
        if target_id in trained and row["defense"]:
            first.setdefault(row["defense"], row)
    return {kind: read_defense(row) for kind, row in first.items()}


def _unfit(trials: list[Row], targets: pa.Table) -> tuple[UnfitTarget, ...]:
    """Return the unfit targets of the done ``trials``, each once."""
    numbers: dict[str, int] = {}
    for row in trials:
        if row["state"] == "done" and row["target_id"]:
            numbers.setdefault(row["target_id"], row["number"])
    judged = targets.select(["target_id", "control", *JUDGED])
    reasons = {
        row["target_id"]: reason for row in judged.to_pylist() if (reason := unfit_reason(row)) is not None
    }
    if not reasons.keys() & numbers.keys():
        return ()
    rows = rows_of(with_ids(targets, "target_id", reasons.keys() & numbers.keys()))
    found = [
        UnfitTarget(numbers[row["target_id"]], configuration_label(row), reasons[row["target_id"]])
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: one.number))


def _of_the_front(tables: Tables, trials: list[Row]) -> Tables:
    """Return the tables with the rows of the front's trials and of failed ones."""
    numbers = front_numbers(trials, tables.targets, tables.attacks)
    chosen = [row for row in trials if row["number"] in numbers or row["state"] == "failed"]
    attacks = {attack_id for row in chosen for attack_id in row["attack_ids"] or ()}
    made = tables.reconstructions
    return replace(
        tables,
        targets=with_ids(tables.targets, "target_id", {row["target_id"] for row in chosen} - {None}),
        attacks=with_ids(tables.attacks, "attack_id", attacks),
        reconstructions=None if made is None else with_ids(made, "attack_id", attacks),
    )


def _by_id(table: pa.Table, key: str) -> dict[str, Row]:
    return {row[key]: row for row in rows_of(table)}


def _run(trial: Row, targets: dict[str, Row], attacks: dict[str, Row]) -> Run:
    rows = (attacks[attack_id] for attack_id in trial["attack_ids"] or () if attack_id in attacks)
    return Run(
        number=trial["number"],
        role=trial["role"] or "search",
        target=targets[trial["target_id"]],
        attacks=tuple(row for row in rows if row["status"] == "done"),
    )


def _configurations(
    runs: list[Run], counted: dict[str, Tally], kinds: tuple[str, ...]
) -> list[Configuration]:
    """Group runs by configuration and control. A target proposed twice counts once."""
    groups: dict[tuple[str, str], dict[str, Run]] = defaultdict(dict)
    for run in runs:
        target = run.target
        key = (target["config_id"] or target["target_id"], target["control"] or "none")
        groups[key].setdefault(target["target_id"], run)
    grouped = {key: Runs(list(group.values()), counted) for key, group in groups.items()}
    anchors = [group for (_, control), group in grouped.items() if control == "none" and _is_no_def(group)]
    several = len({_pretrained(group) for group in grouped.values()}) > 1
    summaries = (
        configuration(
            group,
            _anchor_of(group, anchors),
            kinds,
            pretrained_text(_pretrained(group)) if several else None,
        )
        for group in grouped.values()
    )
    return [configured for configured in summaries if configured is not None]


def _is_no_def(runs: Runs) -> bool:
    return bool(runs.runs[0].target["defense"] == NO_DEF)


def _pretrained(runs: Runs) -> str | None:
    pretrained: str | None = runs.runs[0].target["pretrained"]
    return pretrained


def _anchor_of(runs: Runs, anchors: list[Runs]) -> Runs | None:
    """Return the No-Def to compare ``runs`` with: from the same D_pretrain weights, else the first."""
    if runs in anchors:
        return None
    same = [anchor for anchor in anchors if _pretrained(anchor) == _pretrained(runs)]
    return next(iter([*same, *anchors]), None)


def _marked_and_ordered(configurations: list[Configuration]) -> tuple[Configuration, ...]:
    on_front = nondominated([configuration.point for configuration in configurations])
    marked = [
        replace(configuration, on_front=mark)
        for configuration, mark in zip(configurations, on_front, strict=True)
    ]
    anchors = [configuration for configuration in marked if configuration.is_anchor]
    others = [configuration for configuration in marked if not configuration.is_anchor]
    return (
        *anchors,
        *sorted(
            others,
            key=lambda configuration: (
                not configuration.on_front,
                -configuration.acc,
                configuration.config_id,
            ),
        ),
    )


def _failure(trial: Row, targets: dict[str, Row]) -> Failure:
    target = targets.get(trial["target_id"] or "")
    return Failure(
        number=trial["number"],
        role=trial["role"] or "search",
        label=configuration_label(target) if target else "target not trained",
        reason=trial["reason"] or (target or {}).get("reason") or "no reason recorded",
    )
