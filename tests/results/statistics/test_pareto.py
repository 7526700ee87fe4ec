"""The front and its hypervolume against slow references: random points, ties, copies, unknown values."""

import math
from itertools import pairwise

import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.statistics.pareto import Point, front_order, hypervolume, nondominated

coordinate = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1)
point = st.tuples(coordinate, coordinate)
points = st.lists(point, max_size=25)
with_unknown = st.lists(point | st.just((0.5, math.nan)) | st.just((math.nan, 0.1)), max_size=15)


def dominates(one: Point, other: Point) -> bool:
    """More accurate and less open to attack, one of them strictly."""
    return one[0] >= other[0] and one[1] <= other[1] and one != other


def slow_nondominated(found: list[Point]) -> list[bool]:
    return [not any(dominates(other, one) for other in found) for one in found]


def slow_hypervolume(found: list[Point]) -> float:
    """Add up the cells of the grid of all coordinates that some point dominates."""
    xs = sorted({0.0, *(x for x, _ in found)})
    ys = sorted({1.0, *(y for _, y in found)})
    area = 0.0
    for left, right in pairwise(xs):
        for low, high in pairwise(ys):
            if any(x >= right and y <= low for x, y in found):
                area += (right - left) * (high - low)
    return area


@settings(max_examples=200)
@given(points)
def test_the_front_agrees_with_the_definition(found: list[Point]) -> None:
    assert nondominated(found) == slow_nondominated(found)


@settings(max_examples=100)
@given(points)
def test_the_hypervolume_agrees_with_counting_cells(found: list[Point]) -> None:
    assert hypervolume(found) == pytest.approx(slow_hypervolume(found), abs=1e-9)


@settings(max_examples=100)
@given(st.lists(point, min_size=1, max_size=25), point)
def test_moocore_agrees(found: list[Point], reference: Point) -> None:
    array, senses = np.array(found), [True, False]
    on_front = moocore.is_nondominated(array, maximise=senses, keep_weakly=True)
    assert nondominated(found) == on_front.tolist()
    area = moocore.hypervolume(array, ref=list(reference), maximise=senses)
    assert hypervolume(found, reference) == pytest.approx(area, abs=1e-12)


@settings(max_examples=60)
@given(points, point)
def test_a_further_point_never_lowers_the_hypervolume(found: list[Point], further: Point) -> None:
    grown = hypervolume([*found, further])
    assert grown >= hypervolume(found) - 1e-12
    assert 0 <= grown <= 1


@settings(max_examples=60)
@given(points)
def test_dominated_points_and_copies_do_not_count(found: list[Point]) -> None:
    front = [one for one, kept in zip(found, nondominated(found), strict=True) if kept]
    assert hypervolume(front + front) == pytest.approx(hypervolume(found), abs=1e-12)


@settings(max_examples=60)
@given(with_unknown)
def test_unknown_values_are_never_on_the_front_and_dominate_nothing(found: list[Point]) -> None:
    known = [one for one in found if not any(map(math.isnan, one))]
    marks = nondominated(found)
    assert all(not mark for one, mark in zip(found, marks, strict=True) if any(map(math.isnan, one)))
    assert [mark for one, mark in zip(found, marks, strict=True) if one in known] == slow_nondominated(known)
    assert hypervolume(found) == pytest.approx(slow_hypervolume(known), abs=1e-9)


@settings(max_examples=60)
@given(points)
def test_the_front_runs_from_the_lowest_acc_to_the_highest(found: list[Point]) -> None:
    ordered = [found[index] for index in front_order(found)]
    assert ordered == sorted(ordered)
    assert [y for _, y in ordered] == sorted(y for _, y in ordered)


def test_all_copies_of_a_point_of_the_front_are_on_it() -> None:
    assert nondominated([(0.9, 0.2), (0.9, 0.2), (0.9, 0.3)]) == [True, True, False]


def test_the_reference_point_can_be_moved() -> None:
    assert hypervolume([(0.9, 0.2)]) == pytest.approx(0.72)
    assert hypervolume([(0.9, 0.2)], reference=(0.5, 0.6)) == pytest.approx(0.16)
    assert hypervolume([(0.4, 0.2)], reference=(0.5, 0.6)) == 0.0
