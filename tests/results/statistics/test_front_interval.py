"""The interval of the hypervolume against a slow bootstrap, and the front of one attack against its rule."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import hypervolume, load, open_store
from results.statistics.front_interval import attacked_front, hypervolume_interval, step_areas
from results.statistics.intervals import class_draws
from results.statistics.summary import SweepSummary
from tests.fixtures.rows import FakeConfig, FakeSweep, helping_configs, write_fake_sweep

share = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]) | st.floats(0, 1)


def summary_of(folder: Path, configs: list[FakeConfig]) -> SweepSummary:
    store = open_store(str(folder), create=True)
    write_fake_sweep(store, FakeSweep(configs, pictures=False))
    return load(store.uri).summary()


@given(st.lists(st.tuples(share, share), min_size=1, max_size=8))
def test_areas_are_hypervolumes(points: list[tuple[float, float]]) -> None:
    ordered = sorted(points)
    areas = step_areas([acc for acc, _ in ordered], np.array([[att for _, att in ordered]]))
    assert areas[0] == pytest.approx(hypervolume(points))


@pytest.mark.parametrize("attack", [None, "gmi"])
def test_the_interval_is_a_bootstrap_over_classes(tmp_path: Path, attack: str | None) -> None:
    summary = summary_of(tmp_path, helping_configs())
    front = attacked_front(summary, attack)
    kinds = [attack] if attack else ["brepmi", "gmi"]
    areas = []
    for draw in class_draws(20):
        points = []
        for one in front:
            rates = []
            for kind in kinds:
                units = [summary.tallies[unit] for unit in one.attacks[kind].attack_ids]
                hits = sum(count * unit.hits[index] for unit in units for index, count in enumerate(draw))
                judged = sum(count * unit.judged[index] for unit in units for index, count in enumerate(draw))
                rates.append(hits / judged)
            points.append((one.acc, max(rates)))
        areas.append(hypervolume(points))
    low, high = np.percentile(areas, [2.5, 97.5])
    assert hypervolume_interval(summary, attack) == pytest.approx((low, high))
    if attack is None:
        assert low <= summary.hypervolume <= high


def test_the_front_of_an_attack_is_what_nothing_beats(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, helping_configs())
    points = {one.config_id: (one.acc, one.attacks["gmi"].att_acc) for one in summary.configurations}
    expected = {
        name
        for name, (x, y) in points.items()
        if not any(a >= x and b <= y and (a, b) != (x, y) for a, b in points.values())
    }
    front = attacked_front(summary, "gmi")
    assert {one.config_id for one in front} == expected
    assert [one.acc for one in front] == sorted(one.acc for one in front)


def test_without_reconstructions_there_is_no_interval(tmp_path: Path) -> None:
    assert hypervolume_interval(summary_of(tmp_path, [])) is None
