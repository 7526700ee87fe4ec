"""Likeness is shown where enough pictures and a fit judge measured it."""

from pathlib import Path
from typing import Any

import pytest

from results import load, open_store
from results.formatting import UNKNOWN
from results.report.page import attack_lines
from results.report.paired_tests import distance_lines
from results.statistics.likeness import likeness_doubt
from tests.fixtures.rows import FakeConfig, FakeSweep, write_fake_sweep

ROW = {
    "fid_images": 50,
    "fid_features": "sface",
    "evaluator": "sface",
    "evaluator_acc": 0.95,
    "reconstructions": 10,
    "classes_without_start": 0,
    "restarts": 2,
}


@pytest.mark.parametrize(
    ("column", "changes", "doubt"),
    [
        ("kid", {}, None),
        ("kid", {"fid_images": 49}, "of 49 pictures only, 50 are needed"),
        ("fid", {"evaluator_acc": 0.5}, "right on 50.0 %"),
        ("fid", {"evaluator_acc": 0.5, "fid_features": "inception_2015"}, None),
        ("knn_distance", {"evaluator_acc": 0.5}, "right on 50.0 %"),
        ("knn_distance", {"classes_without_start": 1}, "of 8 pictures only"),
        ("lpips", {"evaluator_acc": 0.5}, None),
        ("lpips", {"reconstructions": 9}, "of 9 pictures only"),
        ("centroid_distance", {"evaluator_acc": None, "reconstructions": None}, None),
    ],
)
def test_rows_decide(column: str, changes: dict[str, Any], doubt: str | None) -> None:
    found = likeness_doubt([{**ROW, **changes}], column)
    assert (found is None) if doubt is None else doubt in (found or "")


@pytest.mark.parametrize(
    ("images", "right", "shown"), [(60, 0.98, True), (40, 0.98, False), (60, 0.5, False)]
)
def test_tables_have_a_dash_with_its_reason(tmp_path: Path, images: int, right: float, shown: bool) -> None:
    store = open_store(str(tmp_path), create=True)
    configs = [FakeConfig("no_def", 0.95, {"gmi": 0.6})]
    write_fake_sweep(store, FakeSweep(configs, fid_images=images, evaluator_acc=right, pictures=False))
    summary = load(store.uri).summary()
    (line,) = distance_lines(summary, summary.configurations)
    _, _, _, knn, _, fid, kid, _ = line.cells
    (attack,) = attack_lines(summary.configurations)
    assert [fid.text, kid.text] == (["12.30", "0.012"] if shown else [UNKNOWN, UNKNOWN])
    assert bool(fid.note) is bool(kid.note or shown)
    judged = right > 0.9
    assert (knn.text != UNKNOWN) is (attack.cells[6].text != UNKNOWN) is judged
    assert bool(attack.cells[6].note) is not judged
