"""Two sweeps compared: against resampling written as a loop, and what is and is not paired."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from results import load, open_store
from results.reader import SweepResults
from results.statistics.intervals import class_draws
from results.statistics.pareto import hypervolume
from results.sweep_comparison import compare_sweeps
from tests.fixtures.rows import FakeConfig, FakeSweep, write_fake_sweep

CLASSES = 12
NO_DEF = FakeConfig("no_def", 0.95, {"gmi": 0.6, "brepmi": 0.5})
TL_DMI = FakeConfig("tl_dmi", 0.9, {"gmi": 0.3, "brepmi": 0.4}, 6)
BIDO = FakeConfig("bido_hsic", 0.85, {"gmi": 0.5, "brepmi": 0.3}, None, 0.05, 0.5)


def swept(folder: Path, *configs: FakeConfig, **changes: Any) -> SweepResults:
    store = open_store(str(folder), create=True)
    write_fake_sweep(store, FakeSweep(configs, **{"classes": CLASSES, "pictures": False, **changes}))
    return load(store.uri)


def rewrite(results: SweepResults, table: str, **columns: Any) -> SweepResults:
    """Return the results with columns of every row of a table changed."""
    for unit in results.store.units(table):
        rows = results.store.read_rows(table, unit).to_pylist()
        results.store.write_rows(table, unit, [{**row, **columns} for row in rows])
    return load(results.store.uri)


def shares(results: SweepResults, config: FakeConfig, kind: str) -> np.ndarray:
    """Return the share of recognised reconstructions of each class."""
    rows = results.reconstructions
    rows = rows[rows["attack_id"] == f"a-{kind}-{config.config_id}-0"]
    return rows.assign(hit=rows["rank"] == 0).groupby("class_index")["hit"].mean().to_numpy(dtype=float)


def resampled_areas(results: SweepResults, front: list[FakeConfig], seed: int = 0) -> np.ndarray:
    """Return the hypervolume of ``front`` in each resample of classes, one by one."""
    found = [(config.acc, [shares(results, config, kind) for kind in config.att]) for config in front]
    areas = []
    for draw in class_draws(CLASSES, seed):
        points = [(acc, max(float(draw @ one) / CLASSES for one in attacks)) for acc, attacks in found]
        areas.append(hypervolume(points))
    return np.array(areas)


@pytest.mark.parametrize("paired", [True, False])
def test_hypervolumes_and_their_difference_are_resampled_over_classes(tmp_path: Path, paired: bool) -> None:
    first, second = swept(tmp_path / "a", NO_DEF, TL_DMI), swept(tmp_path / "b", NO_DEF, BIDO)
    if not paired:
        second = rewrite(second, "targets", data_hash="cd" * 32)
    found = compare_sweeps(first, second)
    assert found.paired is paired
    ours = resampled_areas(first, [NO_DEF, TL_DMI])
    theirs = resampled_areas(second, [NO_DEF, BIDO])
    other_draws = theirs if paired else resampled_areas(second, [NO_DEF, BIDO], seed=1)
    assert found.first.hypervolume_interval == pytest.approx(np.percentile(ours, [2.5, 97.5]))
    assert found.second.hypervolume_interval == pytest.approx(np.percentile(theirs, [2.5, 97.5]))
    difference = found.hypervolume_difference
    assert difference is not None
    assert difference.value == pytest.approx(first.summary().hypervolume - second.summary().hypervolume)
    assert difference[1:] == pytest.approx(np.percentile(ours - other_draws, [2.5, 97.5]))


def test_configurations_of_both_are_compared_and_the_others_listed(tmp_path: Path) -> None:
    weaker = FakeConfig("no_def", 0.9, {"gmi": 0.4, "brepmi": 0.5})
    first, second = swept(tmp_path / "a", NO_DEF, TL_DMI), swept(tmp_path / "b", weaker, BIDO)
    found = compare_sweeps(first, second)
    (one,) = found.configurations
    assert one.first.is_anchor
    assert one.acc_difference == pytest.approx(0.05)
    gaps = shares(first, NO_DEF, "gmi") - shares(second, NO_DEF, "gmi")
    gmi = next(attack for attack in one.attacks if attack.attack == "gmi")
    assert (gmi.pairing, gmi.pairs) == ("reconstructions", CLASSES * 2)
    assert gmi.difference.value == pytest.approx(gaps.mean())
    assert [only.defense for only in (*found.only_first, *found.only_second)] == ["tl_dmi", "bido_hsic"]


def test_the_same_defence_with_other_settings_of_t_is_found_by_its_label(tmp_path: Path) -> None:
    first, second = swept(tmp_path / "a", NO_DEF, TL_DMI), swept(tmp_path / "b", TL_DMI)
    second = rewrite(second, "targets", config_id="another")
    found = compare_sweeps(first, rewrite(second, "attacks", config_id="another"))
    (one,) = found.configurations
    assert (one.first.config_id, one.second.config_id) == (TL_DMI.config_id, "another")
    assert found.only_second == ()


@pytest.mark.parametrize(
    ("table", "columns", "pairing", "note"),
    [
        (
            "attacks",
            {"attack_settings": "other"},
            "classes",
            "attack gmi: not the same attack settings; paired by class",
        ),
        (
            "attacks",
            {"generator_id": "g-2"},
            "classes",
            "attack gmi: not the same generator id; paired",
        ),
        ("attacks", {"evaluator": "another"}, "none", "not paired: attack gmi: not the same evaluator"),
        ("attacks", {"attacked_classes": 7}, "none", "not paired: attack gmi: not the same attacked classes"),
        ("targets", {"data_hash": "cd" * 32}, "none", "different data"),
    ],
)
def test_what_is_not_shared_is_not_paired_and_the_reason_is_told(
    tmp_path: Path, table: str, columns: dict[str, Any], pairing: str, note: str
) -> None:
    first = swept(tmp_path / "a", NO_DEF, TL_DMI)
    second = rewrite(swept(tmp_path / "b", NO_DEF, TL_DMI), table, **columns)
    found = compare_sweeps(first, second)
    assert {attack.pairing for one in found.configurations for attack in one.attacks} == {pairing}
    assert any(note in line for line in found.notes)
    assert found.paired is (pairing != "none")
    assert compare_sweeps(first, swept(tmp_path / "c", NO_DEF, TL_DMI)).notes == ()


def test_unpaired_intervals_are_wider_than_paired_ones(tmp_path: Path) -> None:
    first, second = swept(tmp_path / "a", NO_DEF, TL_DMI), swept(tmp_path / "b", NO_DEF, TL_DMI)
    paired = compare_sweeps(first, second).configurations[1].attacks[0].difference
    other = compare_sweeps(first, rewrite(second, "targets", data_hash="ef" * 32))
    unpaired = other.configurations[1].attacks[0].difference
    assert unpaired.value == pytest.approx(paired.value) == 0
    assert unpaired.high - unpaired.low > paired.high - paired.low


def test_an_empty_sweep_compares_to_nothing(tmp_path: Path) -> None:
    empty = load(open_store(str(tmp_path / "empty"), create=True).uri)
    found = compare_sweeps(swept(tmp_path / "a", NO_DEF), empty)
    assert (found.configurations, found.hypervolume_difference) == ((), None)
    assert [only.defense for only in found.only_first] == ["no_def"]
    assert found.second.summary.sweep_id is None


def test_hypervolumes_of_other_attacks_are_compared_with_a_remark(tmp_path: Path) -> None:
    by_gmi = FakeConfig("no_def", 0.95, {"gmi": 0.6})
    found = compare_sweeps(swept(tmp_path / "a", NO_DEF), swept(tmp_path / "b", by_gmi))
    assert found.notes == (
        "other attacks (brepmi and gmi against gmi): worst AttAcc and hypervolume are of different attacks",
    )
    assert found.paired
