"""The printed numbers ship with the package and read as tables."""

from pathlib import Path

import pytest

import results.paper
from results.paper import TABLES, printed


def test_every_file_is_a_table_and_every_table_a_file() -> None:
    files = sorted(path.stem for path in Path(results.paper.__file__).parent.glob("*.csv"))
    assert files == sorted([*TABLES, "defenses"])  # how defences of the tables are called


@pytest.mark.parametrize("table", TABLES)
def test_every_table_reads_and_names_its_source(table: str) -> None:
    frame = printed(table)
    assert len(frame) > 0
    assert frame["source"].notna().all()


def test_unknown_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="training_time"):
        printed("table14")
