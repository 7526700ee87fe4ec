"""Rows as pandas frames of fixed types. Imported on first use: pandas takes a second."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

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
    "frozen_bn",
    "prediction",
    "trainable",
    "pretrained",
    "recipe",
    "control",
    "worst_attack",
)
_COUNTS = ("freeze_depth", "n_seeds", "epochs", "theta_c", "theta_t")
_MARKS = ("on_front",)


def configuration_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a frame whose types do not depend on the values: text, counts, marks, else float64."""
    frame = pd.DataFrame(rows)
    kinds = {
        **dict.fromkeys(_TEXTS, pd.StringDtype()),
        **dict.fromkeys(_COUNTS, pd.Int64Dtype()),
        **dict.fromkeys(_MARKS, pd.BooleanDtype()),
    }
    return frame.astype({name: kinds.get(str(name), "float64") for name in frame.columns})


def table_frame(rows: pa.Table) -> pd.DataFrame:
    """Return the rows of an Arrow table as a frame whose types do not depend on the values."""
    frame: pd.DataFrame = rows.to_pandas(types_mapper=_NULLABLE.get)
    return frame
