"""A T that says nothing about its defence is found from its row, and takes part in nothing."""

from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from results import load, open_store, status
from results.statistics.attainment import attainment
from results.statistics.convergence import convergence
from results.statistics.fitness import share_interval, unfit_reason
from results.statistics.front_interval import attacked_front
from results.statistics.summary import SweepSummary
from tests.fixtures.rows import FakeConfig, FakeSweep, write_fake_sweep

FIT = {"acc": 0.9, "classes": 6, "test_images": 12, "train_acc": 1.0, "curve_train_acc": 1.0}
NO_DEF = FakeConfig("no_def", 0.95, {"gmi": 0.6, "brepmi": 0.4})
BLIND = FakeConfig("tl_dmi", 0.05, {"gmi": 0.0, "brepmi": 0.0}, 6)
LOST = FakeConfig("tl_dmi", 0.9, {"gmi": 0.1, "brepmi": 0.1}, 4, train_acc=0.5, curve_train_acc=0.99)


def summary_of(folder: Path, configs: list[FakeConfig]) -> SweepSummary:
    store = open_store(str(folder), create=True)
    write_fake_sweep(store, FakeSweep(configs, pictures=False))
    return load(store.uri).summary()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"acc": 1 / 6}, "has not learnt its classes: Acc 16.7 %"),
        ({"acc": 4 / 12}, "95 % interval 13.8 to 60.9"),
        ({"acc": 0.24, "test_images": 10000}, "Acc 24.0 %"),
        ({"acc": 0.26, "test_images": 10000}, None),
        ({"acc": 0.5}, None),
        ({"train_acc": 0.79}, "100.0 % during the training, 79.0 % measured after it"),
        ({"train_acc": 0.81}, None),
        ({"curve_train_acc": 0.4}, None),
        ({"acc": 0.1, "train_acc": 0.1, "control": "untrained"}, None),
        ({"acc": 0.1, "test_images": None}, None),
        ({"train_acc": 0.1, "curve_train_acc": None}, None),
        ({"acc": None}, None),
    ],
)
def test_the_columns_of_a_row_decide(changes: dict[str, Any], reason: str | None) -> None:
    found = unfit_reason({**FIT, **changes})
    assert (found is None) if reason is None else reason in (found or "")


@pytest.mark.parametrize(("right", "count"), [(0, 5), (2, 12), (12, 12), (60, 100)])
def test_the_interval_is_that_of_scipy(right: int, count: int) -> None:
    expected = binomtest(right, count).proportion_ci(method="wilson")
    assert share_interval(right / count, count) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_an_unfit_t_is_on_no_front_though_it_dominates(tmp_path: Path) -> None:
    found = summary_of(tmp_path, [NO_DEF, BLIND, LOST])
    assert [one.label for one in found.front] == ["No-Def"]
    assert [one.label for one in attacked_front(found, "gmi")] == ["No-Def"]
    assert [one.on_front for one in found.configurations] == [True, False, False]
    assert len(convergence(found)) == 1
    assert {one.label: one.difference for one in found.defended} == {
        "TL-DMI (depth 4)": None,
        "TL-DMI (depth 6)": None,
    }
    assert all(one.attacks["gmi"].difference is None for one in found.defended)


def test_unfit_targets_are_listed_by_a_quick_look_too(tmp_path: Path) -> None:
    found = summary_of(tmp_path, [NO_DEF, BLIND, LOST])
    quick = status(str(tmp_path))
    assert [one.number for one in quick.unfit] == [1, 2]
    assert [one.label for one in quick.unfit] == ["TL-DMI (depth 6)", "TL-DMI (depth 4)"]
    assert quick.unfit == found.unfit
    assert [one.label for one in quick.front] == ["No-Def"]
    assert quick.hypervolume == found.hypervolume > 0


def test_one_unfit_seed_makes_the_configuration_unfit(tmp_path: Path) -> None:
    two = FakeConfig("tl_dmi", 0.04, {"gmi": 0.0, "brepmi": 0.0}, 6, seeds=(0, 1))
    found = summary_of(tmp_path, [FakeConfig("no_def", 0.9, {"gmi": 0.6, "brepmi": 0.4}, seeds=(0, 1)), two])
    assert found.defended[0].unfit
    assert len(found.unfit) == 2
    assert attainment(found) is None


def test_controls_are_to_know_nobody(tmp_path: Path) -> None:
    control = FakeConfig("no_def", 0.05, {"gmi": 0.05, "brepmi": 0.05}, control="untrained", role="control")
    found = summary_of(tmp_path, [NO_DEF, control])
    assert found.unfit == ()
    assert found.controls[0].difference is not None
