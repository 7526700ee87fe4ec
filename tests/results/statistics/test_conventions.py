"""The published conventions from rows, by plain loops, and against the printed numbers."""

import statistics

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.paper import printed
from results.schema import RECONSTRUCTIONS
from results.statistics.conventions import (
    NotOneAttack,
    attack_accuracy,
    attack_hits,
    averaged_runs,
    identity_group_sd,
    over_runs,
    restart_sd,
)


def table(ranks: np.ndarray, attack_id: str = "a") -> pa.Table:
    """Return the rows of (classes, restarts) ranks in a scrambled order; a rank below zero: not found."""
    cells = [(index, restart) for index in range(ranks.shape[0]) for restart in range(ranks.shape[1])]
    rows = [
        {
            "attack_id": attack_id,
            "class_index": index,
            "restart": restart,
            "found": bool(ranks[index, restart] >= 0),
            "rank": int(ranks[index, restart]) if ranks[index, restart] >= 0 else None,
        }
        for index, restart in sorted(cells, key=lambda cell: (cell[0] * 7 + cell[1] * 3) % 11)
    ]
    return pa.Table.from_pylist(rows, schema=RECONSTRUCTIONS)


def random_ranks(seed: int, classes: int, restarts: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-1, 8, size=(classes, restarts))


@given(st.integers(0, 10_000))
def test_the_published_numbers_are_those_of_the_loops_of_the_published_code(seed: int) -> None:
    """Five groups of 60 identities and five seeds; its top-5 adds the last seed's value for each group."""
    ranks = random_ranks(seed, 300, 5)
    top1, top5, sds = [], [], []
    for start in range(0, 300, 60):
        rates = [sum(0 <= rank < 1 for rank in ranks[start : start + 60, seed_]) / 60 for seed_ in range(5)]
        fives = [sum(0 <= rank < 5 for rank in ranks[start : start + 60, seed_]) / 60 for seed_ in range(5)]
        top1.append(statistics.mean(rates))
        sds.append(statistics.stdev(rates))
        top5.append(fives[-1])
    found = attack_accuracy(table(ranks), "a", top5="legacy_last_seed", spread="identity_groups")
    assert found.top1 == pytest.approx(statistics.mean(top1))
    assert found.top1_spread == pytest.approx(statistics.mean(sds))
    assert found.top5 == pytest.approx(statistics.mean(top5))


def test_ours_counts_every_row_and_spreads_over_restarts() -> None:
    ranks = random_ranks(3, 20, 4)
    found = attack_accuracy(table(ranks), "a")
    assert found.top1 == pytest.approx(float((ranks == 0).mean()))
    assert found.top5 == pytest.approx(float(((ranks >= 0) & (ranks < 5)).mean()))
    rates = [float((ranks[:, restart] == 0).mean()) for restart in range(4)]
    assert found.top1_spread == pytest.approx(statistics.stdev(rates))


def test_a_row_that_does_not_say_that_it_was_not_found_was_found() -> None:
    rows = [
        {"attack_id": "a", "class_index": 0, "restart": restart, "found": found, "rank": 0}
        for restart, found in enumerate((True, None, False))
    ]
    hits = attack_hits(pa.Table.from_pylist(rows, schema=RECONSTRUCTIONS), "a")
    assert hits.tolist() == [[True, True, False]]


def test_one_restart_has_no_spread() -> None:
    found = attack_accuracy(table(random_ranks(0, 6, 1)), "a", spread="identity_groups")
    assert found.top1_spread is found.top5_spread is None
    assert restart_sd(np.ones((3, 1), dtype=bool)) is None


def test_the_last_group_may_be_smaller() -> None:
    hits = np.random.default_rng(1).random((7, 3)) < 0.5
    parts = [hits[:3], hits[3:6], hits[6:]]
    expected = statistics.mean(statistics.stdev(part.mean(0).tolist()) for part in parts)
    assert identity_group_sd(hits, group=3) == pytest.approx(expected)


def test_rows_that_are_not_one_whole_attack_are_refused() -> None:
    whole = table(random_ranks(0, 3, 2))
    assert attack_hits(whole, "a").shape == (3, 2)
    for broken in (whole.slice(1), whole.slice(0, 0), pa.concat_tables([whole, whole])):
        with pytest.raises(NotOneAttack, match="each class must have every restart once"):
            attack_hits(broken, "a")
    assert attack_hits(pa.concat_tables([whole, table(random_ranks(1, 3, 2), "b")]), "a").shape == (3, 2)


def test_the_printed_accuracies_lie_on_the_grids_of_their_conventions() -> None:
    """Table 6: 300 identities times 5 seeds for top-1, 300 of one seed for top-5, but for two misprints."""
    rows = printed("results").query("source == 'table6'")
    assert len(rows) == 24

    def off(column: str, grid: int) -> int:
        shares = rows[column].to_numpy() / 100 * grid
        return int((np.abs(shares - shares.round()) > 0.005 * grid / 100 + 1e-9).sum())

    assert off("att_acc", 1500) == 0
    assert off("att_acc_top5", 300) == 2


@pytest.mark.parametrize(
    ("attack", "target", "misprinted"),
    [("kedmi", "vgg16", False), ("gmi", "vgg16", False), ("vmi", "resnet34", True)],
)
def test_averages_of_table_7_and_the_spread_of_tables_3_to_5(
    attack: str, target: str, misprinted: bool
) -> None:
    rows = printed("results").query(f"source == 'table7' and attack == '{attack}' and target == '{target}'")
    runs, (_, mean) = rows[rows["run"] != "mean"], next(rows[rows["run"] == "mean"].iterrows())
    assert len(runs) == 3
    value, spread = averaged_runs(list(zip(runs["att_acc"], runs["att_acc_sd"], strict=True)))
    assert value == pytest.approx(mean["att_acc"], abs=0.011)
    assert (abs(spread - mean["att_acc_sd"]) > 0.3) == misprinted
    table5 = (
        printed("results")
        .query(
            f"source == 'table5' and attack == '{attack}' and target == '{target}' and defense == 'tl_dmi'"
        )
        .iloc[0]
    )
    value, sd = over_runs(list(runs["att_acc"]))
    assert value == pytest.approx(table5["att_acc"], abs=0.011)
    assert sd == pytest.approx(table5["att_acc_sd"], abs=0.006)
