"""Rows as pandas frames of fixed types. Imported on first use: pandas takes a second."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionDtype

_NULLABLE = {
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(),
}

_TEXTS = (
    "config_id",
    "label",
    "defense",
    "pretrained",
    "recipe",
    "control",
    "worst_attack",
    "unfit",
)
_COUNTS = ("n_seeds", "epochs", "theta_c", "theta_t")
_MARKS = ("on_front",)


def configuration_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a frame: text, counts and marks are nullable, all else is float64.

    Parameters of defences have the type of their values; the other columns have the same type in every frame.
    """
    frame = pd.DataFrame(rows, dtype=object)
    kinds = {
        **{str(name): _type_of(frame[name]) for name in frame.columns},
        **dict.fromkeys(_TEXTS, pd.StringDtype()),
        **dict.fromkeys(_COUNTS, pd.Int64Dtype()),
        **dict.fromkeys(_MARKS, pd.BooleanDtype()),
    }
    return frame.astype({name: kinds[str(name)] for name in frame.columns})


def _type_of(column: pd.Series) -> ExtensionDtype | str:
    """Return the type of a column by its values, those that are null left out."""
    types = {type(value) for value in column.dropna()}
    if types == {bool}:
        return pd.BooleanDtype()
    if types == {int}:
        return pd.Int64Dtype()
    return pd.StringDtype() if types & {str, bool} else "float64"


def table_frame(rows: pa.Table) -> pd.DataFrame:
    """Return the rows of an Arrow table as a frame whose types do not depend on the values."""
    frame: pd.DataFrame = rows.to_pandas(types_mapper=_NULLABLE.get)
    return frame
