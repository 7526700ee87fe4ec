"""Rows of a table by the unit they belong to: one pass over the table, however many units there are."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class RowsByKey:
    """A table sorted by one column of texts, with the place of each value."""

    def __init__(self, table: pa.Table, key: str) -> None:
        order = pc.sort_indices(table, sort_keys=[(key, "ascending")])
        self._table = table.take(order)
        encoded = self._table[key].combine_chunks().dictionary_encode()
        names, codes = encoded.dictionary.to_pylist(), encoded.indices
        known = np.asarray(codes.fill_null(len(names)).to_numpy(zero_copy_only=False))
        bounds = np.searchsorted(known, np.arange(len(names) + 1))
        self._places = {
            name: (int(bounds[index]), int(bounds[index + 1])) for index, name in enumerate(names)
        }

    def table(self, name: str) -> pa.Table:
        """Return the rows of ``name``; none when it is unknown."""
        start, end = self._places.get(name, (0, 0))
        return self._table.slice(start, end - start)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of ``name`` as dictionaries."""
        rows_of_name: list[dict[str, Any]] = self.table(name).to_pylist()
        return rows_of_name
