"""One part of a table: rows checked against the schema, to Parquet bytes and back."""

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from numbers import Integral, Real
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from results.errors import InvalidRows
from results.schema import SCHEMAS

Row = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def schema_of(table: str) -> pa.Schema:
    """Return the Arrow schema of ``table``; raises `InvalidRows` for an unknown table."""
    if table not in SCHEMAS:
        raise InvalidRows(f"Unknown table {table!r}; known: {', '.join(sorted(SCHEMAS))}.")
    return SCHEMAS[table]


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _is_moment(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is not None


def _is_text_list(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


_CHECKS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[object], bool], str], ...] = (
    (pa.types.is_string, lambda value: isinstance(value, str), "text"),
    (pa.types.is_boolean, lambda value: isinstance(value, bool | np.bool_), "true or false"),
    (pa.types.is_integer, _is_integer, "an integer"),
    (pa.types.is_floating, _is_number, "a number"),
    (pa.types.is_timestamp, _is_moment, "a datetime with a time zone"),
    (pa.types.is_list, _is_text_list, "a list of texts"),
)


def _check(kind: pa.DataType) -> tuple[Callable[[object], bool], str]:
    return next((accepts, wanted) for matches, accepts, wanted in _CHECKS if matches(kind))


def _column(where: str, field: pa.Field, values: list[Any]) -> pa.Array:
    accepts, wanted = _check(field.type)
    for value in values:
        if value is not None and not accepts(value):
            raise InvalidRows(
                f"{where}: column {field.name!r} takes {wanted} ({field.type}) or None, got {value!r} "
                f"({type(value).__name__})."
            )
    try:
        return pa.array(values, type=field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise InvalidRows(
            f"{where}: column {field.name!r} ({field.type}) cannot hold its values: {error}."
        ) from error


def table_from_rows(table: str, unit: str, rows: Sequence[Row]) -> pa.Table:
    """Return ``rows`` as an Arrow table with the explicit schema of ``table``; absent columns are null.

    Raises `InvalidRows` for a column that the schema does not know or a value of another type.
    """
    schema = schema_of(table)
    where = f"table {table!r}, unit {unit!r}"
    unknown = sorted({name for row in rows for name in row} - set(schema.names))
    if unknown:
        raise InvalidRows(f"{where}: unknown columns {unknown}; allowed: {', '.join(schema.names)}.")
    columns = [_column(where, field, [row.get(field.name) for row in rows]) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def encode(table: pa.Table) -> bytes:
    """Return the Parquet file of ``table``, made in memory: an error leaves no truncated, readable file.

    Parts have few rows: dictionaries and statistics would make them larger and slower.
    """
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="snappy", use_dictionary=False, write_statistics=False)
    return sink.getvalue()


def decode(table: str, data: bytes) -> pa.Table:
    """Return the rows of one part under the schema of ``table``; a column it lacks is null.

    Raises ``pyarrow.ArrowException`` or ``OSError`` when the bytes are no such part.
    """
    return under_schema(table, pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False))


def under_schema(table: str, rows: pa.Table) -> pa.Table:
    """Return ``rows`` with the columns and types of ``table``; a column they lack is null.

    Raises ``pyarrow.ArrowException`` where a value does not fit.
    """
    schema = schema_of(table)
    if rows.schema.equals(schema):
        return rows.replace_schema_metadata(None)
    columns = [
        rows.column(field.name).cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(len(rows), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def empty_table(table: str) -> pa.Table:
    """Return no rows under the schema of ``table``; ``schema.empty_table()`` would import pandas."""
    return pa.Table.from_batches([], schema_of(table))


def row_numbers(numbers: Sequence[int] | NDArray[np.int64]) -> pa.Array:
    """Return ``numbers`` as Arrow takes them; ``pa.array`` would import pandas."""
    values = np.asarray(numbers, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values.tobytes())])


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows of an Arrow table as dictionaries, times in UTC.

    As ``to_pylist``, which imports pandas for times: reading them as numbers keeps a status quick. So does a
    view of them: ``cast`` imports all of Arrow's functions.
    """
    moments = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
    for name in moments:
        index = table.schema.get_field_index(name)
        numbers = [chunk.view(pa.int64()) for chunk in table.column(name).chunks]
        table = table.set_column(index, name, pa.chunked_array(numbers, pa.int64()))
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        row.update({name: _moment(row[name]) for name in moments})
    return rows


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
