"""Reading a store: every table as a frame, and each sweep summarised."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from results.configurations import AttackSummary, Configuration
from results.schema import SCHEMAS
from results.stats import Difference, Interval
from results.store import Scan, Store, UnreadablePart, open_store
from results.summary import SweepSummary, Tables, summarise
from results.sweeps import read_sweep, resolve_sweep, sweep_ids

_NULLABLE = {pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}

_COUNTS = ("freeze_depth", "n_seeds", "epochs", "theta_c", "theta_t")


def load(uri: str) -> "SweepResults":
    """Return the results in the store at ``uri``; raises `StoreMissing` and `StoreSchemaMismatch`."""
    return SweepResults(open_store(uri))


class SweepResults:
    """A snapshot of a store: each table is read once, on first use."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._scans: dict[str, Scan] = {}
        self._summaries: dict[str | None, SweepSummary] = {}

    def trials(self, sweep_id: str | None = None) -> pd.DataFrame:
        """Return one row per trial, of one sweep or of all."""
        rows = self._scan("trials").rows
        if sweep_id is not None:
            rows = rows.filter(pc.equal(rows["sweep_id"], resolve_sweep(self.sweep_ids(), sweep_id)))
        return _frame(rows)

    def targets(self) -> pd.DataFrame:
        """Return one row per T."""
        return self._table("targets")

    def attacks(self) -> pd.DataFrame:
        """Return one row per attack on a T."""
        return self._table("attacks")

    def reconstructions(self) -> pd.DataFrame:
        """Return one row per reconstruction."""
        return self._table("reconstructions")

    def reconstruction_rows(self) -> pa.Table:
        """Return one row per reconstruction as an Arrow table, which is quicker to filter than a frame."""
        return self._scan("reconstructions").rows

    def curves(self) -> pd.DataFrame:
        """Return one row per epoch of a T."""
        return self._table("curves")

    def unreadable_parts(self) -> tuple[UnreadablePart, ...]:
        """Return the parts of all tables that were skipped because they cannot be read."""
        return tuple(part for table in SCHEMAS for part in self._scan(table).unreadable)

    def sweep_ids(self) -> list[str]:
        """Return the sweeps of the store; the one that trained a target last comes last."""
        return sweep_ids(self.store, self._scan("trials").rows, self._scan("targets").rows)

    def summary(self, sweep_id: str | None = None) -> SweepSummary:
        """Return one sweep summarised, the latest without an id; raises `UnknownSweep`."""
        chosen = resolve_sweep(self.sweep_ids(), sweep_id)
        if chosen not in self._summaries:
            self._summaries[chosen] = self._summarise(chosen)
        return self._summaries[chosen]

    def configurations(self, sweep_id: str | None = None) -> pd.DataFrame:
        """Return one row per configuration of a sweep, controls last; columns as in `configuration_rows`."""
        summary = self.summary(sweep_id)
        frame = pd.DataFrame(configuration_rows([*summary.configurations, *summary.controls]))
        return frame.astype({name: pd.Int64Dtype() for name in _COUNTS if name in frame})

    def _summarise(self, sweep_id: str | None) -> SweepSummary:
        tables = Tables(
            trials=self._scan("trials").rows,
            targets=self._scan("targets").rows,
            attacks=self._scan("attacks").rows,
            reconstructions=self.reconstruction_rows(),
            unreadable=self.unreadable_parts(),
        )
        return summarise(sweep_id, read_sweep(self.store, sweep_id) if sweep_id else None, tables)

    def _scan(self, table: str) -> Scan:
        if table not in self._scans:
            self._scans[table] = self.store.scan(table)
        return self._scans[table]

    def _table(self, table: str) -> pd.DataFrame:
        return _frame(self._scan(table).rows)


def _frame(rows: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = rows.to_pandas(types_mapper=_NULLABLE.get)
    return frame


def configuration_rows(configurations: Sequence[Configuration]) -> list[dict[str, Any]]:
    """Return flat rows of configurations: accuracies are fractions, an interval is ``_low`` and ``_high``.

    Per attack: ``att_acc_<attack>`` with its interval, ``second_att_acc_<attack>`` and the paired
    ``difference_<attack>`` to No-Def with its interval.
    """
    return [_configuration_row(one) for one in configurations]


def _configuration_row(one: Configuration) -> dict[str, Any]:
    row: dict[str, Any] = {
        "config_id": one.config_id,
        "label": one.label,
        "defense": one.defense,
        "freeze_depth": one.freeze_depth,
        "frozen_bn": one.frozen_bn,
        "lambda_x": one.lambda_x,
        "lambda_y": one.lambda_y,
        "lambda_mid": one.lambda_mid,
        "prediction": one.prediction,
        "trainable": one.trainable,
        "pretrained": one.pretrained,
        "recipe": one.recipe,
        "epochs": one.epochs,
        "control": one.control,
        "on_front": one.on_front,
        "n_seeds": len(one.seeds),
        "acc": one.acc,
        **_interval("acc", one.acc_range),
        "worst_attack": one.worst_attack,
        "worst_att_acc": one.worst_att_acc,
        **_interval("worst_att_acc", one.worst_interval),
        **_difference("difference", one.difference),
        "delta": one.delta,
        "theta_c": one.theta_c,
        "theta_t": one.theta_t,
        "seconds": one.seconds,
        "train_seconds": one.train_seconds,
        "training_seconds": one.training_seconds,
    }
    for summary in one.attacks.values():
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
    }


def _interval(name: str, interval: Interval | None) -> dict[str, float | None]:
    low, high = interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _difference(name: str, difference: Difference | None) -> dict[str, float | None]:
    value, low, high = difference or (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
