"""The best defence for each number of points of accuracy that one can give up."""

from pathlib import Path

import pytest

from results import load, open_store
from results.report.accuracy_budget import POINTS, BudgetChoice, budget_choices, budget_lines, least_cost
from results.statistics.summary import SweepSummary
from tests.fixtures.rows import FakeConfig, FakeSweep, hopeless_configs, write_fake_sweep

NO_DEF = FakeConfig("no_def", 0.95, {"gmi": 0.6})


def summary_of(folder: Path, *configs: FakeConfig) -> SweepSummary:
    store = open_store(str(folder), create=True)
    write_fake_sweep(store, FakeSweep(configs, pictures=False))
    return load(store.uri).summary()


def offered(folder: Path, *configs: FakeConfig) -> list[BudgetChoice]:
    return budget_choices(summary_of(folder, *configs))


def test_more_points_buy_a_lower_attack_and_equal_choices_stand_together(tmp_path: Path) -> None:
    cheap, dear = FakeConfig("tl_dmi", 0.94, {"gmi": 0.3}, 4), FakeConfig("tl_dmi", 0.85, {"gmi": 0.1}, 9)
    useless = FakeConfig("tl_dmi", 0.5, {"gmi": 0.0}, 12)
    found = offered(tmp_path, NO_DEF, cheap, dear, useless)
    assert [(one.points, one.configuration.parameters["freeze_depth"]) for one in found] == [
        ((1, 2, 5), 4),
        ((10,), 9),
    ]
    assert [price for price, _ in budget_lines(found)] == ["1, 2 or 5 points", "10 points"]


def test_what_costs_nothing_is_bought_by_every_budget(tmp_path: Path) -> None:
    found = offered(tmp_path, NO_DEF, FakeConfig("tl_dmi", 0.96, {"gmi": 0.1}, 4))
    assert [one.points for one in found] == [POINTS]


@pytest.mark.parametrize(("acc", "price"), [(0.925, "2.5"), (0.95, None), (0.96, None)])
def test_the_cheapest_is_priced_as_it_is_and_not_by_the_budgets_asked_for(
    tmp_path: Path, acc: float, price: str | None
) -> None:
    dear = FakeConfig("tl_dmi", 0.8, {"gmi": 0.05}, 9)
    cheap = FakeConfig("tl_dmi", acc, {"gmi": 0.1}, 4)
    useless = FakeConfig("bido_hsic", 0.949, {"gmi": 0.6}, None, 0.05, 0.5)
    assert least_cost(summary_of(tmp_path, NO_DEF, dear, cheap, useless)) == price


def test_a_single_seed_is_called_unconfirmed(tmp_path: Path) -> None:
    once, twice = (
        FakeConfig("tl_dmi", acc, {"gmi": att}, depth, seeds=seeds)
        for acc, att, depth, seeds in ((0.95, 0.3, 4, (0,)), (0.9, 0.1, 9, (0, 1)))
    )
    (_, first), (_, second) = budget_lines(offered(tmp_path, NO_DEF, once, twice))
    assert (first.cells[-1].text, first.cells[-1].note) == ("1", "not confirmed")
    assert (second.cells[-1].text, second.cells[-1].note) == ("2", "")


def test_a_drop_within_its_interval_is_no_choice(tmp_path: Path) -> None:
    assert offered(tmp_path, *hopeless_configs()) == []
    assert offered(tmp_path / "near", NO_DEF, FakeConfig("tl_dmi", 0.95, {"gmi": 0.575}, 3)) == []


def test_without_no_def_there_is_no_price(tmp_path: Path) -> None:
    assert offered(tmp_path, FakeConfig("tl_dmi", 0.9, {"gmi": 0.1}, 3)) == []
