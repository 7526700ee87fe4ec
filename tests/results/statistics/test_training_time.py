"""Training time as the supplement's Table 13 has it: seconds, ratios to No-Def, and what spoils them."""

from dataclasses import replace
from pathlib import Path

import pytest

from results import SweepResults, load, open_store, training_times
from results.paper import printed
from results.report.page import timing_warning, training_time_lines
from results.report.report import render_report
from results.statistics.training_time import machines
from tests.fixtures.rows import FakeConfig, FakeSweep, write_fake_sweep

ATTACKED = {"gmi": 0.5}


def swept(folder: Path, *configs: FakeConfig, planned: int = 0) -> SweepResults:
    store = open_store(str(folder / "runs"), create=True)
    plan = {"search": planned} if planned else {}
    write_fake_sweep(store, FakeSweep(configs, planned=plan, pictures=False))
    return load(store.uri)


def no_def(seconds: float, **changes: object) -> FakeConfig:
    return replace(FakeConfig("no_def", 0.9, ATTACKED), seconds=seconds, **changes)


def ratios(results: SweepResults) -> dict[str, tuple[float | None, float | None]]:
    return {
        time.configuration.label: (time.ratio, time.epoch_ratio) for time in training_times(results.summary())
    }


def test_ratios_are_those_of_table_13_on_its_seconds(tmp_path: Path) -> None:
    rows = printed("training_time").query("target == 'vgg16'").to_dict("records")
    configs = [FakeConfig(row["defense"], row["acc"] / 100, ATTACKED, seconds=row["seconds"]) for row in rows]
    found = {
        time.configuration.defense: time.ratio for time in training_times(swept(tmp_path, *configs).summary())
    }
    assert found == {row["defense"]: pytest.approx(row["ratio"], abs=0.005) for row in rows}


def test_seconds_are_the_mean_over_seeds(tmp_path: Path) -> None:
    results = swept(tmp_path, no_def(10.0), FakeConfig("tl_dmi", 0.8, ATTACKED, 3, seeds=(0, 1), seconds=4.0))
    (_, tl_dmi) = training_times(results.summary())
    assert (tl_dmi.seconds, tl_dmi.ratio) == (4.0, pytest.approx(0.4))


def test_with_recipes_of_another_length_the_epoch_is_the_fair_measure(tmp_path: Path) -> None:
    short = FakeConfig("bido_hsic", 0.8, ATTACKED, lambda_x=0.05, seconds=3.0, epochs=5, recipe="bido_vgg16")
    found = ratios(swept(tmp_path, no_def(10.0, epochs=20), short))
    assert found["BiDO-HSIC (λx 0.05)"] == (pytest.approx(0.3), pytest.approx(1.2))


def test_each_t_is_compared_with_no_def_from_the_same_weights(tmp_path: Path) -> None:
    configs = [no_def(10.0), no_def(20.0, pretrained=None)]
    configs += [
        FakeConfig("tl_dmi", 0.8, ATTACKED, 3, seconds=5.0, pretrained=weights)
        for weights in ("face_resnet", None)
    ]
    found = ratios(swept(tmp_path, *configs))
    assert found["TL-DMI (depth 3, from face_resnet)"][0] == pytest.approx(0.5)
    assert found["TL-DMI (depth 3, from scratch)"][0] == pytest.approx(0.25)


def test_without_no_def_there_are_seconds_but_no_ratio(tmp_path: Path) -> None:
    results = swept(tmp_path, FakeConfig("tl_dmi", 0.8, ATTACKED, 3, seconds=4.0))
    assert [(time.seconds, time.ratio) for time in training_times(results.summary())] == [(4.0, None)]
    assert training_time_lines(results.summary(), 40) == []


def test_times_of_several_machines_are_flagged(tmp_path: Path) -> None:
    summary = swept(tmp_path, no_def(10.0), FakeConfig("tl_dmi", 0.8, ATTACKED, 3)).summary()
    assert machines(summary) == 1
    assert timing_warning(summary) is None
    moved = replace(summary, targets=(summary.targets[0], {**summary.targets[1], "device": "H200"}))
    assert "2 different machines" in str(timing_warning(moved))


def test_the_report_of_a_sweep_without_attacks_shows_its_times(tmp_path: Path) -> None:
    configs = [
        replace(no_def(10.0), att={}),
        FakeConfig("tl_dmi", 0.8, {}, 3, seconds=6.9),
        FakeConfig("mid", 0.7, {}, lambda_mid=0.003, recipe="mid_vgg16", seconds=12.0),
    ]
    page = render_report(swept(tmp_path, *configs, planned=3))
    section = page.split('<section id="training-time"')[1].split("</section>")[0]
    for part in ("TL-DMI", "0.69", "MID", "λ 0.003", "mid_vgg16", "settings of the setup", "80.0"):
        assert part in section, part
    assert "runs no attack" in page
    assert 'id="front"' not in page
    assert "mid_vgg16, 20 epochs" in page.split('<section id="provenance"')[1]
