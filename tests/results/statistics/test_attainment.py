"""Attainment over seeds by its definition: what a share of the seeds reaches, and by nothing less."""

from pathlib import Path

import pytest

from results import load, open_store
from results.statistics.attainment import attainment
from results.statistics.pareto import Point
from results.statistics.summary import SweepSummary
from tests.fixtures.rows import FakeConfig, FakeSweep, write_fake_sweep


def summary_of(folder: Path, configs: list[FakeConfig]) -> SweepSummary:
    store = open_store(str(folder), create=True)
    write_fake_sweep(store, FakeSweep(configs, pictures=False))
    return load(store.uri).summary()


def reaches(points: list[Point], place: Point) -> bool:
    return any(acc >= place[0] and att <= place[1] for acc, att in points)


def test_each_surface_bounds_what_its_share_of_the_seeds_reaches(tmp_path: Path) -> None:
    seeds = (0, 1, 2)
    configs = [
        FakeConfig("no_def", 0.95, {"gmi": 0.6}, seeds=seeds),
        FakeConfig("tl_dmi", 0.90, {"gmi": 0.3}, 4, seeds=seeds),
        FakeConfig("tl_dmi", 0.80, {"gmi": 0.1}, 8, seeds=seeds),
        FakeConfig("tl_dmi", 0.85, {"gmi": 0.05}, 9),
    ]
    summary = summary_of(tmp_path, configs)
    found = attainment(summary)
    assert found is not None
    assert found.seeds == seeds
    assert set(found.config_ids) == {one.config_id for one in configs[:3]}
    sets: dict[int, list[Point]] = {seed: [] for seed in seeds}
    for run in summary.runs:
        if run.target["config_id"] in found.config_ids:
            sets[run.seed].append((run.target["acc"], run.attacks[0]["att_acc"]))
    grid = [(x / 200, y / 200) for x in range(120, 201, 3) for y in range(0, 160, 3)]
    for surface in found.surfaces:
        for place in grid:
            share = 100 * sum(reaches(points, place) for points in sets.values()) / len(seeds)
            assert reaches(list(surface.points), place) is (share >= surface.percent - 1e-9), place


@pytest.mark.parametrize(
    "configs",
    [
        [],
        [FakeConfig("no_def", 0.9, {"gmi": 0.5}, seeds=(0, 1))],
        [FakeConfig("no_def", 0.9, {"gmi": 0.5}), FakeConfig("tl_dmi", 0.8, {"gmi": 0.2}, 4)],
    ],
)
def test_fewer_than_two_configurations_or_seeds_attain_nothing(
    tmp_path: Path, configs: list[FakeConfig]
) -> None:
    assert attainment(summary_of(tmp_path, configs)) is None
