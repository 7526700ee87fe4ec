"""Rows survive the store unchanged, whatever the columns hold."""

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.schema import PROVENANCE_COLUMNS, SCHEMAS, TIMING_COLUMNS
from results.stores.opening import open_store
from results.stores.parts import decode, encode, rows_of, table_from_rows


def values(kind: pa.DataType) -> st.SearchStrategy[Any]:
    """Return a strategy of values that a column of this type may hold."""
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    if pa.types.is_string(kind):
        return text
    if pa.types.is_boolean(kind):
        return st.booleans()
    if pa.types.is_integer(kind):
        return st.integers(-(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1) - 1)
    if pa.types.is_floating(kind):
        return st.floats(allow_nan=False)
    if pa.types.is_timestamp(kind):
        return st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
    assert pa.types.is_list(kind)
    return st.lists(text, max_size=3)


def rows_strategy(table: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return a strategy of rows in which any column may be absent, null or set."""
    columns = {field.name: st.none() | values(field.type) for field in SCHEMAS[table]}
    return st.lists(st.fixed_dictionaries({}, optional=columns), max_size=4)


@pytest.mark.parametrize("table", SCHEMAS)
@settings(max_examples=25)
@given(data=st.data())
def test_random_rows_come_back_as_they_were(table: str, data: st.DataObject) -> None:
    rows = data.draw(rows_strategy(table))
    read = decode(table, encode(table_from_rows(table, "unit", rows)))
    assert read.schema.equals(SCHEMAS[table])
    nothing = dict.fromkeys(SCHEMAS[table].names)
    assert read.to_pylist() == rows_of(read) == [nothing | row for row in rows]


def test_a_nan_stays_a_nan() -> None:
    read = decode("curves", encode(table_from_rows("curves", "t", [{"target_id": "t", "value": math.nan}])))
    assert math.isnan(read["value"].to_pylist()[0])


def test_a_part_with_fewer_or_null_typed_columns_reads_under_the_whole_schema(tmp_path: Path) -> None:
    """Parts of an earlier writer: a column absent, another of the type null."""
    store = open_store(str(tmp_path), create=True)
    store.write_rows("curves", "new", [{"target_id": "new", "epoch": 1, "value": 0.5, "name": "loss"}])
    old = pa.table({"target_id": ["old"], "epoch": pa.array([0], pa.int32()), "value": pa.nulls(1)})
    pq.write_table(old, tmp_path / "curves" / "old.parquet")
    rows = store.read_rows("curves").to_pylist()
    assert [(row["target_id"], row["value"], row["name"]) for row in rows] == [
        ("new", 0.5, "loss"),
        ("old", None, None),
    ]
    assert store.unreadable_parts("curves") == ()


def test_a_part_whose_column_has_another_type_is_unreadable(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    store.write_rows("curves", "good", [{"target_id": "good", "epoch": 1}])
    pq.write_table(pa.table({"target_id": ["odd"], "epoch": ["three"]}), tmp_path / "curves" / "odd.parquet")
    assert store.read_rows("curves")["target_id"].to_pylist() == ["good"]
    assert [part.path for part in store.unreadable_parts("curves")] == ["curves/odd.parquet"]


def test_timing_columns_exist_in_the_tables() -> None:
    assert set(PROVENANCE_COLUMNS) <= set(SCHEMAS["targets"].names)
    assert set(TIMING_COLUMNS) <= {*SCHEMAS["attacks"].names, *SCHEMAS["targets"].names}
