"""What the report says about its own judges and controls, and its tables of evidence."""

from pathlib import Path
from typing import Any

import pytest

from results import load, open_store
from results.reader import SweepResults
from results.report.controls_and_evaluators import (
    control_lines,
    control_warning,
    evaluator_lines,
    evaluator_warning,
)
from results.report.paired_tests import distance_lines, features_text, paired_lines
from results.statistics.comparison import Pairing
from tests.fixtures.rows import FakeConfig, FakeSweep, write_fake_sweep

NO_DEF = FakeConfig("no_def", 0.95, {"gmi": 0.6, "brepmi": 0.5}, seeds=(0, 1))
TL_DMI = FakeConfig("tl_dmi", 0.9, {"gmi": 0.1, "brepmi": 0.2}, 6, seeds=(0, 1))
CONTROLS = [
    FakeConfig("no_def", 0.05, {"gmi": 0.05, "brepmi": 0.05}, control="permuted_labels", role="control"),
    FakeConfig("no_def", 0.06, {"gmi": 0.35, "brepmi": 0.0}, control="untrained", role="control"),
]


def results_of(folder: Path, *configs: FakeConfig, **columns: Any) -> SweepResults:
    """Return an invented sweep; ``columns`` replace those of every attack's row."""
    store = open_store(str(folder / "runs"), create=True)
    write_fake_sweep(store, FakeSweep(configs, pictures=False))
    for row in store.read_rows("attacks").to_pylist() if columns else ():
        store.write_rows("attacks", row["attack_id"], [{**row, **columns}])
    return load(store.uri)


def test_evaluators_stand_with_their_accuracy_and_their_errors(tmp_path: Path) -> None:
    results = results_of(
        tmp_path, NO_DEF, TL_DMI, evaluator_false_positive=0.125,
        evaluator_deceived_classes=0.4, second_evaluator_false_positive=0.5,
    )  # fmt: skip
    headline, second = evaluator_lines(results.summary())
    assert (headline.name, headline.accuracy, headline.weak) == ("face_embedding:sface", "98.3", False)
    assert (headline.false_positive, headline.att_acc) == ("12.5", "55.0")
    assert (headline.deceived, second.deceived) == ("40.0", "–")  # noqa: RUF001
    assert (second.role, second.false_positive, second.att_acc) == ("second", "50.0", "75.0")


@pytest.mark.parametrize(("accuracy", "weak"), [(0.899, True), (0.9, False), (None, False)])
def test_a_weak_headline_evaluator_is_warned_about(
    tmp_path: Path, accuracy: float | None, weak: bool
) -> None:
    summary = results_of(tmp_path, NO_DEF, evaluator_acc=accuracy).summary()
    assert (evaluator_warning(summary) is not None) == weak == evaluator_lines(summary)[0].weak


def test_a_weak_second_evaluator_is_marked_but_not_warned_about(tmp_path: Path) -> None:
    summary = results_of(tmp_path, NO_DEF, second_evaluator_acc=0.5).summary()
    assert evaluator_warning(summary) is None
    assert [line.weak for line in evaluator_lines(summary)] == [False, True]


def test_every_control_stands_beside_no_def_and_chance(tmp_path: Path) -> None:
    summary = results_of(tmp_path, NO_DEF, *CONTROLS).summary()
    lines = control_lines(summary)
    assert [(line.name, line.note) for line in lines] == [
        ("No-Def", ""),
        ("Control", "trained on permuted labels"),
        ("Control", "untrained"),
        ("Chance", "1 / classes"),
    ]
    gmi = list(summary.attack_kinds).index("gmi")
    assert [line.cells[gmi].text for line in lines] == ["60.0", "5.0", "35.0", "5.0"]
    assert "(untrained), the attacks reach 35.0 %" in (control_warning(summary) or "")


def test_without_controls_nothing_is_claimed(tmp_path: Path) -> None:
    summary = results_of(tmp_path, NO_DEF).summary()
    assert control_lines(summary) == []
    assert control_warning(summary) is None


def test_paired_lines_show_difference_signs_and_pairs(tmp_path: Path) -> None:
    results = results_of(tmp_path, NO_DEF, TL_DMI)
    summary = results.summary()
    anchor, defended = summary.no_def, summary.defended[0]
    assert anchor is not None
    comparison = Pairing(summary, results.reconstruction_rows()).compare(defended, anchor)
    lines = paired_lines([comparison])
    assert [line.cells[0].text for line in lines] == ["BREP-MI", "GMI"]
    gmi, attack = lines[1].cells, comparison.attacks[1]
    assert gmi[1].value == attack.difference.value == pytest.approx(-0.5)
    assert [cell.value for cell in gmi[2:5]] == [attack.signs.lower, attack.signs.equal, attack.signs.higher]
    assert gmi[5].text == "< 0.001"
    assert (gmi[6].text, gmi[6].note) == ("80 pairs", "2 seeds")


def test_distances_are_means_over_seeds(tmp_path: Path) -> None:
    results = results_of(
        tmp_path, NO_DEF, centroid_distance=2.5, fid=7.25, fid_images=60, fid_features="sface"
    )
    store = results.store
    for seed, kid in ((0, 0.1), (1, 0.3)):
        attack_id = f"a-gmi-{NO_DEF.config_id}-{seed}"
        (row,) = store.read_rows("attacks", attack_id).to_pylist()
        store.write_rows("attacks", attack_id, [{**row, "kid": kid, "att_acc": 0.5 + kid}])
    summary = load(store.uri).summary()
    gmi = next(
        line for line in distance_lines(summary, summary.configurations) if line.cells[0].text == "GMI"
    )
    _, restart_sd, seed_sd, knn, centroid, fid, kid_cell, lpips = gmi.cells
    assert restart_sd.text == "3.0"
    assert seed_sd.value == pytest.approx(0.2 / 2**0.5)
    assert [knn.text, centroid.text, fid.text] == ["1.10", "2.50", "7.25"]
    assert fid.note == "of 60 pictures"
    assert kid_cell.text == "0.200"
    assert (lpips.text, lpips.note) == ("–", "")  # noqa: RUF001
    assert features_text(summary) == "sface"
