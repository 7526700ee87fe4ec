"""Reading a sweep: its tables as frames, its configurations, front, comparisons and figures."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from results.defenses import parameter_columns
from results.schema import SCHEMAS
from results.statistics.comparison import Comparison, compare_configurations
from results.statistics.configurations import AttackSummary, Configuration
from results.statistics.intervals import Difference, Interval
from results.statistics.summary import SweepSummary, Tables, summarise
from results.stores.opening import open_store
from results.stores.scanning import Scan, UnreadablePart
from results.stores.store import Store
from results.sweeps.record import read_sweep, resolve_sweep, sweep_ids

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


def load(uri: str, sweep_id: str | None = None) -> "SweepResults":
    """Return the results of one sweep of the store at ``uri``, the latest unless ``sweep_id`` names another.

    ``sweep_id`` may be the beginning of an id. Raises `StoreMissing`, `StoreSchemaMismatch`, `UnknownSweep`.
    """
    results = SweepResults(open_store(uri), sweep_id)
    if sweep_id is not None:
        results.summary()
    return results


class SweepResults:
    """A snapshot of one sweep: each table is read once, on first use.

    Tables are attributes: pandas frames of the rows that belong to the sweep, columns and units as in
    `results.schema`, all but floats nullable. What is computed from them is a method.
    """

    def __init__(self, store: Store, sweep_id: str | None = None) -> None:
        self.store = store
        self._asked = sweep_id
        self._scans: dict[str, Scan] = {}
        self._summaries: dict[str | None, SweepSummary] = {}

    @property
    def sweep_id(self) -> str | None:
        """Identity of the sweep; nothing while the store holds none. Raises `UnknownSweep`."""
        return resolve_sweep(self.sweep_ids(), self._asked)

    @cached_property
    def trials(self) -> "pd.DataFrame":
        """One row per trial, in order of proposal."""
        return _frame(self._trial_rows.sort_by("number"))

    @cached_property
    def targets(self) -> "pd.DataFrame":
        """One row per T."""
        return self._table("targets", "target_id", self._target_ids)

    @cached_property
    def curves(self) -> "pd.DataFrame":
        """One row per epoch of a T."""
        return self._table("curves", "target_id", self._target_ids)

    @cached_property
    def attacks(self) -> "pd.DataFrame":
        """One row per attack on a T."""
        return self._table("attacks", "attack_id", self._attack_ids)

    @cached_property
    def reconstructions(self) -> "pd.DataFrame":
        """One row per reconstruction."""
        return self._table("reconstructions", "attack_id", self._attack_ids)

    @cached_property
    def generators(self) -> "pd.DataFrame":
        """One row per target-independent prior and network of features."""
        attacks = self._scan("attacks").rows
        own = attacks.filter(pc.is_in(attacks["attack_id"], self._attack_ids.drop_null().combine_chunks()))
        return self._table("generators", "generator_id", own["generator_id"])

    @cached_property
    def pieces(self) -> "pd.DataFrame":
        """One row per piece that attacks made of a T, and per piece of the store that all T share."""
        return self._of_targets_or_shared("pieces")

    @cached_property
    def analyses(self) -> "pd.DataFrame":
        """One row per analysis of a T."""
        return self._of_targets_or_shared("analyses")

    def reconstruction_rows(self) -> pa.Table:
        """Return the reconstructions of the whole store as an Arrow table, quicker to filter than a frame."""
        return self._scan("reconstructions").rows

    def curve_rows(self) -> pa.Table:
        """Return one row per epoch of every T of the store as an Arrow table."""
        return self._scan("curves").rows

    def unreadable_parts(self) -> tuple[UnreadablePart, ...]:
        """Return the parts of all tables that were skipped because they cannot be read."""
        return tuple(part for table in SCHEMAS for part in self._scan(table).unreadable)

    def sweep_ids(self) -> list[str]:
        """Return the sweeps of the store; the one that trained a target last comes last."""
        return sweep_ids(self.store, self._scan("trials").rows, self._scan("targets").rows)

    def summary(self, sweep_id: str | None = None) -> SweepSummary:
        """Return the sweep summarised, or another one of the store by its id; raises `UnknownSweep`."""
        chosen = resolve_sweep(self.sweep_ids(), sweep_id or self._asked)
        if chosen not in self._summaries:
            self._summaries[chosen] = self._summarise(chosen)
        return self._summaries[chosen]

    def configurations(self, sweep_id: str | None = None) -> "pd.DataFrame":
        """Return one row per configuration, controls last; columns as in `configuration_rows`."""
        summary = self.summary(sweep_id)
        return _configuration_frame(summary, [*summary.configurations, *summary.controls])

    def front(self) -> "pd.DataFrame":
        """Return the configurations on the front, the lowest Acc first; columns as in `configurations`."""
        chosen = self.sweep_id
        known = self._summaries.get(chosen) or self._summarise(chosen, front_only=True)
        return _configuration_frame(known, known.front)

    def compare(self, first: str, second: str = "no_def") -> Comparison:
        """Return the paired comparison of two configurations.

        A configuration is named by its config_id, by its beginning, by its label, or by its kind of defence
        when the sweep has only one of that kind. Raises `NotComparable`.
        """
        return compare_configurations(self.summary(), self.reconstruction_rows(), first, second)

    def figure(self, name: str = "front") -> "go.Figure":
        """Return a plotly figure of the sweep; raises `UnknownFigure` with the names that there are."""
        # plotly takes a third of a second, which only figures should cost.
        from results.figures.names import figure
        from results.sweeps.importance import read_importances

        summary = self.summary()
        return figure(summary, name, read_importances(self.store, summary.sweep_id))

    @cached_property
    def _trial_rows(self) -> pa.Table:
        rows = self._scan("trials").rows
        return rows.filter(pc.equal(rows["sweep_id"], pa.scalar(self.sweep_id, pa.string())))

    @property
    def _target_ids(self) -> pa.ChunkedArray:
        return self._trial_rows["target_id"]

    @property
    def _attack_ids(self) -> pa.ChunkedArray:
        return pc.list_flatten(self._trial_rows["attack_ids"])

    def _summarise(self, sweep_id: str | None, front_only: bool = False) -> SweepSummary:
        tables = Tables(
            trials=self._scan("trials").rows,
            targets=self._scan("targets").rows,
            attacks=self._scan("attacks").rows,
            reconstructions=self.reconstruction_rows(),
            unreadable=() if front_only else self.unreadable_parts(),
        )
        record = read_sweep(self.store, sweep_id) if sweep_id else None
        return summarise(sweep_id, record, tables, front_only)

    def _scan(self, table: str) -> Scan:
        if table not in self._scans:
            self._scans[table] = self.store.scan(table)
        return self._scans[table]

    def _table(self, table: str, key: str, wanted: pa.ChunkedArray) -> "pd.DataFrame":
        rows = self._scan(table).rows
        return _frame(rows.filter(pc.is_in(rows[key], wanted.drop_null().combine_chunks())))

    def _of_targets_or_shared(self, table: str) -> "pd.DataFrame":
        rows = self._scan(table).rows
        of_targets = pc.is_in(rows["target_id"], self._target_ids.drop_null().combine_chunks())
        return _frame(rows.filter(pc.or_(of_targets, pc.is_null(rows["target_id"]))))


def _frame(rows: pa.Table) -> "pd.DataFrame":
    # pandas takes a second, which only frames should cost.
    from results.frames import table_frame

    return table_frame(rows)


def _configuration_frame(summary: SweepSummary, configurations: Sequence[Configuration]) -> "pd.DataFrame":
    from results.frames import configuration_frame

    return configuration_frame(configuration_rows(summary, configurations))


def configuration_rows(
    summary: SweepSummary, configurations: Sequence[Configuration]
) -> list[dict[str, Any]]:
    """Return flat rows of configurations: accuracies are fractions, an interval is ``_low`` and ``_high``.

    Each parameter of each defence of the sweep has a column, null where a defence has no such parameter.
    Per attack: ``att_acc_<attack>`` with its interval, ``second_att_acc_<attack>`` and the paired
    ``difference_<attack>`` to No-Def with its interval, and ``delta_<attack>``.
    """
    parameters = parameter_columns(
        [*summary.families.values(), *(configuration.described for configuration in configurations)]
    )
    return [_configuration_row(configuration, parameters) for configuration in configurations]


def _configuration_row(configuration: Configuration, parameters: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "config_id": configuration.config_id,
        "label": configuration.label,
        "defense": configuration.defense,
        **{name: configuration.parameters.get(name) for name in parameters},
        "pretrained": configuration.pretrained,
        "recipe": configuration.recipe,
        "epochs": configuration.epochs,
        "control": configuration.control,
        "on_front": configuration.on_front,
        "unfit": configuration.unfit,
        "n_seeds": len(configuration.seeds),
        "acc": configuration.acc,
        **_interval("acc", configuration.acc_range),
        "worst_attack": configuration.worst_attack,
        "worst_att_acc": configuration.worst_att_acc,
        **_interval("worst_att_acc", configuration.worst_interval),
        **_difference("difference", configuration.difference),
        "delta": configuration.delta,
        "theta_c": configuration.theta_c,
        "theta_t": configuration.theta_t,
        "seconds": configuration.seconds,
        "train_seconds": configuration.train_seconds,
        "training_seconds": configuration.training_seconds,
    }
    for summary in configuration.attacks.values():
        row.update(_attack_columns(summary))
    return row


def _attack_columns(summary: AttackSummary) -> dict[str, Any]:
    kind = summary.attack
    return {
        f"att_acc_{kind}": summary.att_acc,
        **_interval(f"att_acc_{kind}", summary.interval),
        f"att_acc_top5_{kind}": summary.att_acc_top5,
        f"second_att_acc_{kind}": summary.second_att_acc,
        f"target_confidence_{kind}": summary.target_confidence,
        f"knn_distance_{kind}": summary.knn_distance,
        f"attack_seconds_{kind}": summary.attack_seconds,
        f"judging_seconds_{kind}": summary.judging_seconds,
        **_difference(f"difference_{kind}", summary.difference),
        f"delta_{kind}": summary.delta,
    }


def _interval(name: str, interval: Interval | None) -> dict[str, float | None]:
    low, high = interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _difference(name: str, difference: Difference | None) -> dict[str, float | None]:
    value, low, high = difference or (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
