"""The page and the terminal say what speaks against the trained targets."""

from pathlib import Path

from orchestrator.documents.status import StatusDocument
from orchestrator.screens.runs import finding_lines
from orchestrator.screens.tables import status_lines
from results import load, open_store, render_report, status
from results.report.target_warnings import MOST_NAMED, target_warnings
from results.statistics.fitness import FREEZES_RANDOM
from tests.fixtures.rows import FakeConfig, FakeSweep, write_fake_sweep

NO_DEF = FakeConfig("no_def", 0.95, {"gmi": 0.6})
BLIND = FakeConfig("tl_dmi", 0.05, {"gmi": 0.0}, 6)


def written(folder: Path, *configs: FakeConfig) -> str:
    store = open_store(str(folder), create=True)
    write_fake_sweep(store, FakeSweep([NO_DEF, *configs], pictures=False))
    return store.uri


def test_an_unfit_t_is_a_warning_everywhere(tmp_path: Path) -> None:
    uri = written(tmp_path, BLIND)
    found = load(uri)
    (warning,) = target_warnings(found.summary())
    assert warning.startswith("TL-DMI (depth 6) (trial 1): T has not learnt its classes")
    assert f"warning: {warning}" in finding_lines(found.summary())
    assert f"warning: {warning}" in status_lines(status(uri))
    assert "takes part in no verdict and no front" in render_report(found)
    assert "T unfit: in no verdict" in render_report(found)
    (listed,) = StatusDocument.of(status(uri)).unfit
    assert (listed.number, listed.label) == (1, "TL-DMI (depth 6)")


def test_of_many_unfit_ones_the_first_are_named(tmp_path: Path) -> None:
    blind = [FakeConfig("tl_dmi", 0.05, {"gmi": 0.0}, depth) for depth in range(1, 9)]
    found = target_warnings(load(written(tmp_path, *blind)).summary())
    assert len(found) == MOST_NAMED
    assert found[-1] == "5 more classifiers are unfit in this way."


def test_random_frozen_layers_are_named(tmp_path: Path) -> None:
    frozen = FakeConfig("tl_dmi", 0.9, {"gmi": 0.2}, 6, pretrained=None, freezes_random=True)
    summary = load(written(tmp_path, frozen)).summary()
    (warning,) = target_warnings(summary)
    assert FREEZES_RANDOM in warning
    assert "TL-DMI (depth 6" in warning


def test_targets_that_work_are_no_warning(tmp_path: Path) -> None:
    old = FakeConfig("tl_dmi", 0.9, {"gmi": 0.2}, 6)  # a row without the newer columns
    assert target_warnings(load(written(tmp_path, old)).summary()) == []
