"""Which configurations are confirmed: No-Def, then the front's ends, then what lies between."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.search.confirmation import to_confirm

FRONT = {0: (0.95, 0.9), 1: (0.9, 0.6), 2: (0.89, 0.59), 3: (0.7, 0.1), 4: (0.6, 0.5)}

fractions = st.floats(0, 1)
fronts = st.dictionaries(st.integers(0, 20), st.tuples(fractions, fractions), max_size=12)


def test_the_widest_spread_points_of_the_front_are_taken_after_no_def():
    assert to_confirm(FRONT, at_most=2) == [0, 3]
    assert to_confirm(FRONT, at_most=3) == [0, 3, 2]
    assert to_confirm(FRONT, at_most=9) == [0, 3, 2, 1]


def test_distance_counts_both_objectives():
    """The step down in AttAcc from 0 to 1 is longer than any step in Acc from 0 or 3 to 2."""
    front = {0: (1.0, 1.0), 1: (0.9, 0.3), 2: (0.4, 0.25), 3: (0.0, 0.0)}
    assert to_confirm(front, at_most=3) == [0, 3, 1]


def test_a_failed_no_def_is_not_confirmed_and_the_front_starts_at_its_highest_acc():
    assert to_confirm({1: (0.9, 0.6), 3: (0.7, 0.1)}, at_most=1) == [1]


def test_a_beaten_no_def_is_confirmed_all_the_same():
    assert to_confirm({0: (0.5, 0.9), 1: (0.9, 0.1)}, at_most=2) == [0, 1]


@given(fronts, st.integers(0, 6))
def test_only_no_def_and_unbeaten_points_once_each_and_at_most_so_many(points, at_most):
    chosen = to_confirm(points, at_most)
    assert len(chosen) == len(set(chosen)) <= at_most
    for key in chosen:
        acc, att_acc = points[key]
        beaten = any(
            other[0] >= acc and other[1] <= att_acc and other != (acc, att_acc) for other in points.values()
        )
        assert key == 0 or not beaten


@given(fronts)
def test_without_a_limit_the_whole_front_is_taken(points):
    chosen = to_confirm(points, at_most=99)
    for key, (acc, att_acc) in points.items():
        beaten = any(
            other[0] >= acc and other[1] <= att_acc and other != (acc, att_acc) for other in points.values()
        )
        assert beaten or key in chosen


def test_what_was_confirmed_before_is_not_chosen_again_and_counts_for_the_distance():
    assert to_confirm(FRONT, at_most=1, confirmed=[0, 3]) == [2]
    assert to_confirm(FRONT, at_most=9, confirmed=[0, 3, 2, 1]) == []


def test_all_are_confirmed_after_the_front_the_least_attacked_first():
    points = {**FRONT, 5: (0.5, 0.95)}
    assert to_confirm(points, at_most=9, of="all") == [0, 3, 2, 1, 4, 5]
    assert to_confirm(points, at_most=5, of="all") == [0, 3, 2, 1, 4]
