"""A store: tables of rows over the byte operations of a place."""

from collections.abc import Sequence

import pyarrow as pa

from results.stores.byte_store import ByteStore
from results.stores.parts import Row, encode, schema_of, table_from_rows
from results.stores.paths import check_name
from results.stores.scanning import Scan, UnreadablePart, is_merged_unit, scan_table, scan_unit, units_of


class Store(ByteStore):
    """Rows and bytes under one URI. An implementation gives the byte operations; tables come with them."""

    def write_rows(self, table: str, unit: str, rows: Sequence[Row]) -> None:
        """Write the part of ``unit`` in one step; a second write of the same unit replaces the first.

        Raises `InvalidRows`, `InvalidPath` and `StoreNotWritable`; then nothing has changed.
        """
        self.put_bytes(part_path(table, unit), encode(table_from_rows(table, unit, rows)))

    def has_rows(self, table: str, unit: str) -> bool:
        """Return whether the rows of ``unit`` are there and readable; a corrupt part is not written."""
        path = part_path(table, unit)
        if self.exists(path):
            return not scan_unit(self, table, path).unreadable
        return is_merged_unit(self, table, unit)

    def units(self, table: str) -> list[str]:
        """Return the units that have a part in ``table``, readable or not, sorted."""
        schema_of(table)
        return units_of(self, table)

    def read_rows(self, table: str, unit: str | None = None) -> pa.Table:
        """Return the rows of one unit, or of all in the order of their names, under the explicit schema.

        A unit that was never written has no rows; an unreadable part is skipped (see `unreadable_parts`).
        """
        return self.scan(table, unit).rows

    def unreadable_parts(self, table: str) -> tuple[UnreadablePart, ...]:
        """Return the parts of ``table`` that `read_rows` skips, each with the reason."""
        return self.scan(table).unreadable

    def scan(self, table: str, unit: str | None = None) -> Scan:
        """Return the readable rows and the unreadable parts of a table, or of one unit, in a single pass."""
        schema_of(table)
        if unit is None:
            return scan_table(self, table)
        return scan_unit(self, table, part_path(table, unit))


def part_path(table: str, unit: str) -> str:
    """Return the path of the part of ``unit``.

    >>> part_path("targets", "3f2a")
    'targets/3f2a.parquet'
    """
    schema_of(table)
    return f"{table}/{check_name(unit)}.parquet"
