"""The table of attributes that reconstructions show: No-Def, the best defence, a control, a guess."""

import json
from pathlib import Path

from results import load, open_store
from results.reader import SweepResults
from results.report.leaked_attributes import leaked_attributes
from results.report.report import render_report
from tests.fixtures.rows import FakeConfig, FakeSweep, write_fake_sweep

NO_DEF = FakeConfig("no_def", 0.95, {"gmi": 0.9})
TL_DMI = FakeConfig("tl_dmi", 0.9, {"gmi": 0.0}, 6)
CONTROL = FakeConfig("no_def", 0.05, {"gmi": 0.05}, control="permuted_labels", role="control")
CHECKS = {
    "hair_color": {"guess": 0.5, "evaluator_acc": 0.9},
    "skin": {"guess": 0.25, "evaluator_acc": 1.0},
}


def sweep(folder: Path, known: bool = True) -> SweepResults:
    """Return an invented sweep whose evaluator reads the skin right on No-Def alone, the hair on all."""
    store = open_store(str(folder / "runs"), create=True)
    write_fake_sweep(store, FakeSweep([NO_DEF, TL_DMI, CONTROL], pictures=False))
    for attack in store.read_rows("attacks").to_pylist() if known else ():
        plain = attack["defense"] == "no_def" and attack["control"] == "none"
        shown = {"hair_color": ["red", "red"], "skin": ["dark", "dark" if plain else "pale"]}
        unit = attack["attack_id"]
        store.write_rows("attacks", unit, [{**attack, "attribute_checks": json.dumps(CHECKS)}])
        rows = store.read_rows("reconstructions", unit).to_pylist()
        store.write_rows("reconstructions", unit, [{**row, "attributes": json.dumps(shown)} for row in rows])
    return load(store.uri)


def test_each_classifier_has_a_column_and_what_leaks_most_comes_first(tmp_path: Path) -> None:
    results = sweep(tmp_path)
    leaked = leaked_attributes(results.summary(), results.reconstruction_rows())
    assert leaked is not None
    assert [column.split(" (")[0] for column in leaked.columns] == ["No-Def", "TL-DMI", "Control"]
    assert [line.name for line in leaked.lines] == ["skin", "hair color"]
    skin, hair = ([cell.text for cell in line.cells] for line in leaked.lines)
    assert skin == ["100.0", "0.0", "0.0", "25.0", "100.0"]
    assert hair == ["100.0", "100.0", "100.0", "50.0", "90.0"]


def test_the_page_shows_it_where_attributes_are_known(tmp_path: Path) -> None:
    assert "hair color" in render_report(sweep(tmp_path / "known"))
    assert "What leaked" not in render_report(sweep(tmp_path / "unknown", known=False))
