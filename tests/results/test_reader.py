"""Frames and configurations of a store of invented rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from results import UnknownFigure, UnknownSweep, load, open_store
from results.exports.latex import latex_table
from results.figures.names import FIGURES
from results.reader import SweepResults
from results.statistics.intervals import bootstrap_over_classes, delta, paired_difference
from results.stores.store import Store
from tests.fixtures.rows import FakeConfig, FakeSweep, helping_configs, write_fake_sweep

ATTACKS = {"gmi": 0.5, "brepmi": 0.4}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "runs"), create=True)


@pytest.fixture
def results(store: Store) -> SweepResults:
    write_fake_sweep(store, FakeSweep(helping_configs(), failures=("the loss became NaN",)))
    return load(store.uri)


def matrix(results: SweepResults, target_ids: list[str], attack: str) -> np.ndarray:
    """Return the successes of one attack, (classes, seeds x restarts), from the frame of reconstructions."""
    rows = results.reconstructions
    rows = rows[rows["target_id"].isin(target_ids) & (rows["attack"] == attack)]
    wide = (
        rows.assign(hit=(rows["rank"] == 0).astype(float))
        .pivot_table(index="class_index", columns=["target_id", "restart"], values="hit")
        .sort_index()
    )
    return wide.to_numpy()


def test_frames_hold_every_row_with_their_types(results: SweepResults) -> None:
    assert len(results.targets) == len(results.curves) / 9 == 12
    assert len(results.attacks) == 24
    assert len(results.reconstructions) == 24 * 40
    assert len(results.trials) == 13
    assert results.targets["classes"].dtype == pd.Int32Dtype()
    assert results.reconstructions["found"].dtype == pd.BooleanDtype()
    assert results.targets["finished_at"].dt.tz is not None


def test_a_configuration_is_one_row_over_its_seeds(results: SweepResults) -> None:
    frame = results.configurations().set_index("config_id")
    assert len(frame) == 8
    row = frame.loc["tl_dmi-11-None-none"]
    assert row["n_seeds"] == 2
    assert row["acc"] == pytest.approx(0.905)
    assert (row["acc_low"], row["acc_high"]) == pytest.approx((0.90, 0.91))
    targets = ["t-tl_dmi-11-None-none-0", "t-tl_dmi-11-None-none-1"]
    gmi = matrix(results, targets, "gmi")
    assert gmi.shape == (20, 4)
    assert row["att_acc_gmi"] == pytest.approx(gmi.mean())
    assert row["worst_att_acc"] == row["att_acc_gmi"] > row["att_acc_brepmi"]
    assert row["worst_attack"] == "gmi"
    assert (row["att_acc_gmi_low"], row["att_acc_gmi_high"]) == pytest.approx(bootstrap_over_classes(gmi))
    assert row["worst_att_acc_low"] <= row["worst_att_acc"] <= row["worst_att_acc_high"]
    assert row["theta_c"] == 320_000
    seconds = results.targets.set_index("target_id").loc[targets, "seconds"].mean()
    assert row["seconds"] == pytest.approx(seconds + 21.0 + 14.0 + 2 * 1.2)


def test_the_interval_of_the_worst_attack_includes_the_choice_of_the_attack(results: SweepResults) -> None:
    """Its ends are never below those of any single attack."""
    frame = results.configurations()
    for kind in ("gmi", "brepmi"):
        assert (frame["worst_att_acc_low"] >= frame[f"att_acc_{kind}_low"] - 1e-12).all()
        assert (frame["worst_att_acc_high"] >= frame[f"att_acc_{kind}_high"] - 1e-12).all()


def test_the_difference_to_no_def_is_paired_by_class_and_seed(results: SweepResults) -> None:
    frame = results.configurations().set_index("config_id")
    two = frame.loc["tl_dmi-6-None-none"]
    expected = paired_difference(
        matrix(results, ["t-tl_dmi-6-None-none-0", "t-tl_dmi-6-None-none-1"], "gmi"),
        matrix(results, ["t-no_def-None-None-none-0", "t-no_def-None-None-none-1"], "gmi"),
    )
    found = (two["difference_gmi"], two["difference_gmi_low"], two["difference_gmi_high"])
    assert found == pytest.approx(tuple(expected))
    one = frame.loc["tl_dmi-13-None-none"]
    expected = paired_difference(
        matrix(results, ["t-tl_dmi-13-None-none-0"], "gmi"),
        matrix(results, ["t-no_def-None-None-none-0"], "gmi"),
    )
    assert one["difference_gmi"] == pytest.approx(expected.value)
    anchor = frame.loc["no_def-None-None-none"]
    assert pd.isna(anchor["difference"])
    assert pd.isna(anchor["delta"])


def test_delta_uses_the_seeds_that_both_have(store: Store) -> None:
    configs = [
        FakeConfig("no_def", 0.90, {"gmi": 0.6}, seeds=(0, 5)),
        FakeConfig("tl_dmi", 0.80, {"gmi": 0.3}, 6, seeds=(0,)),
        FakeConfig("bido_hsic", 0.80, {"gmi": 0.3}, None, 0.1, 1.0, seeds=(7,)),
    ]
    write_fake_sweep(store, FakeSweep(configs))
    frame = load(store.uri).configurations().set_index("defense")
    assert frame.loc["tl_dmi", "delta"] == pytest.approx(delta(0.90, 0.6, 0.80, 0.3))
    assert frame.loc["bido_hsic", "delta"] == pytest.approx(delta((0.90 + 0.95) / 2, 0.6, 0.87, 0.3))
    assert frame["delta_gmi"].dropna().tolist() == frame["delta"].dropna().tolist() != []


def test_delta_of_an_attack_is_its_own_and_the_latex_table_shows_it(store: Store) -> None:
    configs = [
        FakeConfig("no_def", 0.90, {"gmi": 0.6, "brepmi": 0.5}, seeds=(0, 5)),
        FakeConfig("tl_dmi", 0.80, {"gmi": 0.3, "brepmi": 0.4}, 6, seeds=(0,)),
    ]
    write_fake_sweep(store, FakeSweep(configs))
    results = load(store.uri)
    row = results.configurations().set_index("defense").loc["tl_dmi"]
    measured = results.attacks.query("seed == 0").set_index(["defense", "attack"])["att_acc"]
    for kind in ("gmi", "brepmi"):
        expected = delta(0.90, measured["no_def", kind], 0.80, measured["tl_dmi", kind])
        assert row[f"delta_{kind}"] == pytest.approx(expected)
    lines = [line.split(" & ") for line in latex_table(results.summary()).splitlines() if "TL-DMI" in line]
    assert sorted(line[7] for line in lines) == sorted(
        f"{row[f'delta_{kind}']:.2f}" for kind in ("gmi", "brepmi")
    )


def test_controls_come_last_and_never_on_the_front(results: SweepResults) -> None:
    frame = results.configurations()
    assert frame["control"].tolist() == ["none"] * 7 + ["permuted_labels"]
    assert not frame["on_front"].iloc[-1]
    assert pd.isna(frame["delta"].iloc[-1])
    assert frame["label"].iloc[0] == "No-Def"


def test_the_front_and_its_hypervolume(results: SweepResults) -> None:
    summary = results.summary()
    assert [one.config_id for one in summary.front] == [
        "tl_dmi-11-None-none",
        "tl_dmi-6-None-none",
        "no_def-None-None-none",
    ]
    (x1, y1), (x2, y2), (x3, y3) = (one.point for one in summary.front)
    area = x1 * (1 - y1) + (x2 - x1) * (1 - y2) + (x3 - x2) * (1 - y3)
    assert summary.hypervolume == pytest.approx(area)


def test_a_configuration_without_one_of_the_attacks_has_no_worst_and_is_off_the_front(store: Store) -> None:
    configs = [
        FakeConfig("no_def", 0.9, ATTACKS),
        FakeConfig("tl_dmi", 0.95, {"brepmi": 0.0}, 3),
    ]
    write_fake_sweep(store, FakeSweep(configs))
    frame = load(store.uri).configurations().set_index("defense")
    assert pd.isna(frame.loc["tl_dmi", "worst_att_acc"])
    assert not frame.loc["tl_dmi", "on_front"]
    assert frame.loc["no_def", "on_front"]


def test_a_reconstruction_that_was_not_found_is_a_failure(store: Store) -> None:
    write_fake_sweep(store, FakeSweep([FakeConfig("no_def", 0.9, {"gmi": 1.0})], classes=4, restarts=1))
    attack_id = "a-gmi-no_def-None-None-none-0"
    rows = store.read_rows("reconstructions", attack_id).to_pylist()
    rows[0] |= {"found": False, "rank": 0}
    rows[1] |= {"rank": None}
    store.write_rows("reconstructions", attack_id, rows)
    found = load(store.uri).summary().configurations[0].attacks["gmi"].interval
    assert found == pytest.approx(bootstrap_over_classes(np.array([[0], [0], [1], [1]])))


def test_the_same_target_proposed_twice_counts_once(store: Store) -> None:
    write_fake_sweep(store, FakeSweep([FakeConfig("no_def", 0.9, ATTACKS)]))
    (row,) = store.read_rows("trials").to_pylist()
    store.write_rows("trials", "again", [row | {"number": 9}])
    (one,) = load(store.uri).summary().configurations
    assert one.seeds == (0,)
    assert len(one.attacks["gmi"].attack_ids) == 1


def test_failures_name_their_reason(results: SweepResults) -> None:
    (failure,) = results.summary().failures
    assert failure.reason == "the loss became NaN"
    assert failure.number == 12


def test_sweeps_are_kept_apart_and_the_latest_is_the_default(store: Store) -> None:
    write_fake_sweep(
        store, FakeSweep([FakeConfig("no_def", 0.9, ATTACKS), FakeConfig("tl_dmi", 0.8, ATTACKS, 4)], "ff01")
    )
    write_fake_sweep(store, FakeSweep([FakeConfig("no_def", 0.9, ATTACKS, seeds=(8,))], "aa02"))
    results = load(store.uri)
    assert results.sweep_ids() == ["aa02", "ff01"]
    assert len(results.configurations()) == 2
    assert len(results.configurations("aa02")) == len(load(store.uri, "aa").configurations()) == 1
    with pytest.raises(UnknownSweep, match="aa02, ff01"):
        results.configurations("none")
    with pytest.raises(UnknownSweep, match="aa02, ff01"):
        load(store.uri, "none")


@pytest.mark.parametrize(("sweep_id", "seeds"), [("aa02", {8}), ("ff01", {0})])
def test_the_tables_of_a_sweep_hold_its_own_rows(store: Store, sweep_id: str, seeds: set[int]) -> None:
    write_fake_sweep(
        store, FakeSweep([FakeConfig("no_def", 0.9, ATTACKS), FakeConfig("tl_dmi", 0.8, ATTACKS, 4)], "ff01")
    )
    write_fake_sweep(store, FakeSweep([FakeConfig("no_def", 0.9, ATTACKS, seeds=(8,))], "aa02"))
    found = load(store.uri, sweep_id[:2])
    count = len(found.trials)
    assert found.sweep_id == sweep_id
    assert set(found.trials["sweep_id"]) == {sweep_id}
    assert set(found.targets["seed"]) == set(found.attacks["seed"]) == seeds
    assert (len(found.targets), len(found.curves)) == (count, 9 * count)
    assert (len(found.attacks), len(found.reconstructions)) == (2 * count, 2 * count * 40)
    assert found.generators.empty
    assert set(found.reconstructions["attack_id"]) == set(found.attacks["attack_id"])


def test_the_front_is_the_marked_configurations_by_acc(results: SweepResults) -> None:
    front, marked = results.front(), results.configurations().query("on_front").sort_values("acc")
    pd.testing.assert_frame_equal(front, marked.reset_index(drop=True), check_like=True)
    assert front["config_id"].tolist() == [one.config_id for one in results.summary().front]


def test_figures_are_asked_for_by_name(results: SweepResults) -> None:
    names = {trace.name for trace in results.figure("front").data}
    assert {"Front", "No-Def", "TL-DMI"} <= names
    with pytest.raises(UnknownFigure, match=r"there are front, .*importance\. Did you mean 'front'"):
        results.figure("frnt")


@pytest.mark.parametrize("name", [*FIGURES, "importance"])
def test_every_figure_of_an_empty_store_says_that_there_is_nothing(store: Store, name: str) -> None:
    drawn = [trace for trace in load(store.uri).figure(name).data if trace.type == "scatter"]
    assert not any(trace.mode == "markers" and len(trace.x) for trace in drawn)


def test_a_comparison_is_a_frame_too(results: SweepResults) -> None:
    found = results.compare("tl_dmi-6", "no_def")
    frame = found.frame().set_index("attack")
    assert frame.loc["gmi", "difference"] == found.attacks[1].difference.value < 0
    assert (frame["low"] <= frame["difference"]).all()
    assert (frame["difference"] <= frame["high"]).all()
    assert (frame[["classes_lower", "classes_higher", "classes_equal"]].sum(axis=1) == 20).all()


def test_an_empty_store_has_empty_frames(store: Store) -> None:
    results = load(store.uri)
    assert results.sweep_ids() == []
    assert results.sweep_id is None
    assert results.front().empty
    assert results.configurations().empty
    assert results.trials.empty
    assert list(results.targets.columns) == list(results.store.read_rows("targets").column_names)


def test_a_corrupt_part_costs_its_rows_alone(store: Store) -> None:
    write_fake_sweep(store, FakeSweep(helping_configs()))
    store.put_bytes("reconstructions/a-gmi-tl_dmi-13-None-none-0.parquet", b"PAR1")
    store.put_bytes("targets/t-bido_hsic-None-0p12-none-0.parquet", b"")
    results = load(store.uri)
    frame = results.configurations().set_index("config_id")
    assert "bido_hsic-None-0p12-none" not in frame.index
    row = frame.loc["tl_dmi-13-None-none"]
    assert row["worst_att_acc"] > 0
    assert pd.isna(row["worst_att_acc_low"])
    assert [part.path for part in results.unreadable_parts()] == [
        "targets/t-bido_hsic-None-0p12-none-0.parquet",
        "reconstructions/a-gmi-tl_dmi-13-None-none-0.parquet",
    ]
