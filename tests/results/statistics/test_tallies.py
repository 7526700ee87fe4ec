"""What counts as a success, counted by class, and intervals of the counts against those of whole arrays."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from results.schema import RECONSTRUCTIONS
from results.statistics.intervals import bootstrap_over_classes, class_draws, paired_difference
from results.statistics.tallies import (
    Tally,
    mark_recognised,
    pool_tallies,
    shared_classes,
    tallies,
    worst_difference,
    worst_interval,
)


def rows(*cells: tuple[str, int, int | None, bool | None]) -> pa.Table:
    """Return reconstructions with these attacks, classes, ranks and marks."""
    names = ("attack_id", "class_index", "rank", "found")
    plain = [dict(zip(names, cell, strict=True)) for cell in cells]
    return pa.Table.from_pylist(plain, schema=RECONSTRUCTIONS)


def tally(hits: np.ndarray, first_class: int = 0) -> Tally:
    """Return the tally of (classes, restarts) successes."""
    found = Tally()
    for index, row in enumerate(hits, start=first_class):
        found.hits[index], found.judged[index] = int(row.sum()), len(row)
    return found


def successes(seed: int, share: float, classes: int = 12, restarts: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random((classes, restarts)) < share


@pytest.mark.parametrize(
    ("rank", "found", "first", "among_five"),
    [
        (0, True, True, True),
        (1, True, False, True),
        (4, True, False, True),
        (5, True, False, False),
        (0, False, False, False),
        (0, None, True, True),  # a row that does not say that it was not found
        (None, True, False, False),
        (None, None, False, False),
    ],
)
def test_a_success_is_found_and_ranked_among_the_first(
    rank: int | None, found: bool | None, first: bool, among_five: bool
) -> None:
    one = rows(("a", 0, rank, found))
    assert mark_recognised(one).to_pylist() == [first]
    assert mark_recognised(one, 5).to_pylist() == [among_five]


def test_successes_are_counted_by_attack_and_class() -> None:
    found = tallies(
        rows(
            ("a", 3, 0, True), ("b", 3, 1, True), ("a", 3, 2, True), ("a", 7, None, False), ("a", 3, 0, True)
        )
    )
    assert set(found) == {"a", "b"}
    assert (found["a"].hits, found["a"].judged) == (Counter({3: 2, 7: 0}), Counter({3: 3, 7: 1}))
    assert found["a"].classes == {3, 7}
    assert (found["b"].hits[3], found["b"].judged[3]) == (0, 1)


def test_seeds_are_pooled_within_their_class() -> None:
    one, other = tally(successes(0, 0.5)), tally(successes(1, 0.5), first_class=6)
    whole = pool_tallies([one, other])
    assert whole.hits == one.hits + other.hits
    assert whole.judged == one.judged + other.judged
    assert (one.judged[0], other.judged[17]) == (3, 3), "its parts stay as they are"
    assert pool_tallies([]).classes == frozenset()


def test_shared_classes_are_those_of_all() -> None:
    first, second = tally(np.ones((4, 1))), tally(np.ones((4, 1)), first_class=2)
    assert shared_classes([first, second]) == [2, 3]
    assert shared_classes([]) == []


def test_the_interval_of_one_attack_is_the_bootstrap_over_its_classes() -> None:
    hits = successes(2, 0.4)
    assert worst_interval([tally(hits)]) == pytest.approx(bootstrap_over_classes(hits))
    assert worst_interval([]) is None


def test_the_interval_of_the_worst_includes_the_choice_of_the_attack() -> None:
    first, second = successes(3, 0.45), successes(4, 0.4)
    draws = class_draws(12)
    means = [(draws * hits.mean(axis=1)).sum(axis=1) / 12 for hits in (first, second)]
    low, high = np.percentile(np.maximum(*means), [2.5, 97.5])
    assert worst_interval([tally(first), tally(second)]) == pytest.approx((low, high))


def test_the_difference_of_one_attack_is_paired_by_class() -> None:
    ours, theirs = successes(5, 0.3), successes(6, 0.6)
    expected = paired_difference(ours, theirs)
    assert worst_difference([tally(ours)], [tally(theirs)]) == pytest.approx(expected)


def test_the_difference_is_that_of_the_largest_on_each_side_on_shared_classes() -> None:
    weak, strong = np.zeros((6, 2)), np.ones((6, 2))
    half = np.tile([0.0, 1.0], (6, 1))
    found = worst_difference([tally(weak), tally(half)], [tally(half), tally(strong, first_class=2)])
    assert found is not None
    assert found.value == pytest.approx(-0.5)
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_without_a_side_or_a_shared_class_nothing_is_said() -> None:
    one = tally(np.ones((2, 1)))
    assert worst_difference([], [one]) is None
    assert worst_difference([one], []) is None
    assert worst_difference([one], [tally(np.ones((2, 1)), first_class=5)]) is None
