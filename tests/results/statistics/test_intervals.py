"""Intervals, differences and Delta against slow references and known cases."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.paper import printed
from results.statistics.intervals import bootstrap_over_classes, delta, paired_difference, percentile_interval


def slow_interval(means: list[float], resamples: int) -> tuple[float, float]:
    """Return the percentile interval by drawing classes one at a time, with another generator."""
    draw = random.Random(5)
    found = sorted(sum(draw.choice(means) for _ in means) / len(means) for _ in range(resamples))
    return found[int(0.025 * resamples)], found[int(0.975 * resamples)]


@pytest.mark.parametrize("share", [0.15, 0.5, 0.8])
def test_the_interval_agrees_with_a_slow_bootstrap(share: float) -> None:
    success = np.random.default_rng(3).random((40, 3)) < share
    low, high = bootstrap_over_classes(success, resamples=20_000)
    slow_low, slow_high = slow_interval([float(row.mean()) for row in success], 20_000)
    assert low == pytest.approx(slow_low, abs=0.01)
    assert high == pytest.approx(slow_high, abs=0.01)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for trial in range(300):
        per_class = rng.beta(2, 3, size=(60, 1))
        low, high = bootstrap_over_classes(rng.random((60, 4)) < per_class, seed=trial, resamples=400)
        covered += low <= 0.4 <= high
    assert 0.90 <= covered / 300 <= 0.985


def test_the_interval_is_deterministic_in_its_seed() -> None:
    success = np.random.default_rng(0).random((20, 2)) < 0.5
    assert bootstrap_over_classes(success, seed=4) == bootstrap_over_classes(success, seed=4)
    wider = {bootstrap_over_classes(success, seed=seed, resamples=50) for seed in range(5)}
    assert len(wider) > 1


def test_restarts_of_a_class_are_not_taken_for_more_classes() -> None:
    column = np.random.default_rng(2).random((20, 1)) < 0.5
    assert bootstrap_over_classes(np.repeat(column, 50, axis=1)) == pytest.approx(
        bootstrap_over_classes(column)
    )


@pytest.mark.parametrize("classes", [1, 5, 20])
def test_classes_that_all_agree_keep_the_exact_binomial_limit(classes: int) -> None:
    limit = 1 - 0.025 ** (1 / classes)
    assert bootstrap_over_classes(np.zeros((classes, 3))) == pytest.approx((0.0, limit))
    assert bootstrap_over_classes(np.ones((classes, 3))) == pytest.approx((1 - limit, 1.0))


@settings(max_examples=60)
@given(st.lists(st.lists(st.booleans(), min_size=2, max_size=2), min_size=1, max_size=12))
def test_an_interval_holds_the_mean_and_stays_in_bounds(rows: list[list[bool]]) -> None:
    success = np.array(rows)
    low, high = bootstrap_over_classes(success, resamples=300)
    assert 0 <= low <= success.mean() + 1e-9
    assert success.mean() - 1e-9 <= high <= 1


@pytest.mark.parametrize("success", [np.zeros((0, 2)), np.zeros((2, 0)), np.zeros(3), np.array([[np.nan]])])
def test_successes_without_meaning_are_refused(success: np.ndarray) -> None:
    with pytest.raises(ValueError, match="success must be"):
        bootstrap_over_classes(success)


def test_delta_of_the_papers_first_row() -> None:
    assert delta(89.00, 69.67, 80.35, 39.73) == pytest.approx(3.461, abs=5e-4)


DOUBTFUL = {
    ("table1", "brepmi", "tl_dmi", 83.41),
    ("table3", "ppa", "mid", 91.54),
    ("table3", "ppa", "mid", 92.70),
    ("table3", "lomma", "mid", 75.83),
    ("table5", "brepmi", "mid", 78.06),
    ("table5", "gmi", "mid", 78.06),
}
"""Rows whose printed Delta does not follow from the accuracies printed beside it."""


def test_delta_of_every_printed_row_but_six() -> None:
    table = printed("results")
    rows = table[table["delta_printed"].notna()]
    keys = ["source", "attack", "d_pub", "target"]
    doubtful = set()
    for _, row in rows.iterrows():
        same = (table[keys].fillna("") == row[keys].fillna("")).all(axis=1)
        anchor = table[same & (table["defense"] == "no_def")].iloc[0]
        found = delta(anchor["acc"], anchor["att_acc"], row["acc"], row["att_acc"])
        if found is None or abs(found - row["delta_printed"]) > 0.0101:
            doubtful.add((row["source"], row["attack"], row["defense"], row["acc"]))
    assert len(rows) == 35
    assert doubtful == DOUBTFUL


def test_rounding_is_no_price() -> None:
    assert delta(0.1 + 0.2, 0.6, 0.3, 0.3) is None
    assert delta(0.3, 0.6, 0.3 - 1 / 3008, 0.3) == pytest.approx(0.3 * 3008)


def test_delta_needs_a_price() -> None:
    assert delta(0.9, 0.6, 0.9, 0.3) is None
    assert delta(0.9, 0.6, 0.92, 0.3) is None
    assert delta(0.9, 0.6, 0.8, 0.7) == pytest.approx(-1.0)


def test_delta_of_every_printed_row_that_was_recomputed() -> None:
    """The recomputed column was made from the printed accuracies by hand."""
    table = printed("results")
    keys = ["source", "attack", "d_priv", "d_pub", "d_pretrain", "evaluator", "target"]
    checked = 0
    for _, group in table.groupby(keys, dropna=False, sort=False):
        anchors = group[group["defense"] == "no_def"]
        for _, row in group[group["delta_recomputed"].notna()].iterrows():
            found = [
                delta(anchor["acc"], anchor["att_acc"], row["acc"], row["att_acc"])
                for _, anchor in anchors.iterrows()
            ]
            if not found:
                continue
            gaps = [abs(value - float(row["delta_recomputed"])) for value in found if value is not None]
            assert min(gaps) < 6e-3, row.to_dict()
            checked += 1
    assert checked > 20


def test_a_paired_difference_is_narrower_than_an_unpaired_one() -> None:
    rng = np.random.default_rng(6)
    base = rng.random((50, 1))
    a, b = rng.random((50, 4)) < base * 0.8, rng.random((50, 4)) < base
    found = paired_difference(a, b)
    assert found.value == pytest.approx(a.mean() - b.mean())
    low, high = bootstrap_over_classes(a)
    other_low, other_high = bootstrap_over_classes(b)
    assert found.high - found.low < (high - low) + (other_high - other_low)
    mirrored = paired_difference(b, a)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low), abs=0.01)


def test_a_difference_of_equals_is_zero_but_not_certain() -> None:
    success = np.random.default_rng(6).random((20, 2)) < 0.5
    found = paired_difference(success, success)
    assert found.value == 0
    assert found.low < 0 < found.high
    assert not found.lower


def test_a_clear_drop_is_called_lower() -> None:
    assert paired_difference(np.zeros((20, 2)), np.ones((20, 2))).lower


def test_pairs_need_the_same_classes_but_not_the_same_restarts() -> None:
    assert paired_difference(np.ones((3, 1)), np.ones((3, 5))).value == 0
    with pytest.raises(ValueError, match="same classes"):
        paired_difference(np.ones((3, 1)), np.ones((4, 1)))


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=60), st.integers(2, 40))
def test_percentiles_are_those_of_numpy(values: list[float], classes: int) -> None:
    resampled = np.array(values)
    if np.ptp(resampled) < 1e-9:
        return
    low, high = np.percentile(resampled, [2.5, 97.5])
    assert percentile_interval(resampled, classes, (-1.0, 1.0)) == (low, high)
