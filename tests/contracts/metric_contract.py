"""What every metric must do. Inherit, set ``metric`` and write its slow reference from its definition."""

import dataclasses
import math
from typing import ClassVar

import pytest
import torch

from trainables.metrics import REGISTRY, Judged, Metric, RowMetric, SetMetric

CLASSES, RESTARTS, FEATURES = 6, 3, 4


def judged_rows(seed: int, not_found: float = 0.3) -> Judged:
    """Return random rows of 6 classes and 3 restarts; scores repeat, so that ties occur."""
    random = torch.Generator().manual_seed(seed)
    rows = CLASSES * RESTARTS
    return Judged(
        class_index=torch.arange(CLASSES).repeat_interleave(RESTARTS),
        restart=torch.arange(RESTARTS).repeat(CLASSES),
        found=torch.rand(rows, generator=random) >= not_found,
        scores=torch.randint(0, 4, (rows, CLASSES), generator=random).float(),
        features=torch.randn(rows, FEATURES, generator=random),
        target_probability=torch.rand(rows, generator=random),
        private_features=torch.randn(5 * CLASSES, FEATURES, generator=random),
        private_labels=torch.arange(CLASSES).repeat(5),
        perceptual_distance=torch.rand(rows, generator=random).double() + 0.01,
    )


class MetricContract:
    """Tests that each metric passes."""

    metric: ClassVar[Metric]

    def slow_value(self, judged: Judged) -> float | None:
        """Return the number of an attack by plain loops, nothing when it cannot be measured."""
        raise AssertionError("a metric's test writes its own slow reference")

    def test_is_registered_under_its_column(self) -> None:
        assert REGISTRY[self.metric.name] is self.metric

    def test_declares_itself(self) -> None:
        low, high = self.metric.bounds
        assert low < high
        assert self.metric.unit
        assert self.metric.stronger_attack in {"higher", "lower"}

    @pytest.mark.parametrize("not_found", [0.0, 0.3, 1.0])
    @pytest.mark.parametrize("seed", range(8))
    def test_equals_the_slow_reference(self, seed: int, not_found: float) -> None:
        judged = judged_rows(seed, not_found)
        value, expected = self.metric.value(judged), self.slow_value(judged)
        if expected is None:
            assert value is None
        else:
            assert value is not None
            assert math.isclose(value, expected, rel_tol=1e-6, abs_tol=1e-9)
            assert self.metric.bounds[0] <= value <= self.metric.bounds[1]

    def test_a_perfect_attack_is_no_weaker_than_one_that_is_far_off(self) -> None:
        better, worse = self.metric.value(perfect_rows()), self.metric.value(far_rows())
        assert better is not None
        assert worse is not None
        assert better > worse if self.metric.stronger_attack == "higher" else better < worse
        low, high = self.metric.bounds
        assert low <= better <= high

    def test_reads_nothing_of_rows_not_found(self) -> None:
        judged = judged_rows(3)
        before = self.metric.value(judged)
        judged.scores[~judged.found] = torch.nan
        judged.features[~judged.found] = torch.nan
        judged.target_probability[~judged.found] = torch.nan
        assert judged.perceptual_distance is not None
        judged.perceptual_distance[~judged.found] = torch.nan
        assert self.metric.value(judged) == before


class RowMetricContract(MetricContract):
    """Tests of a metric that is a mean over rows: set ``metric`` and write ``slow_row``."""

    metric: ClassVar[RowMetric]

    def slow_row(self, judged: Judged, row: int) -> float:
        """Return the number of one row, NaN when it does not count, by plain loops."""
        raise AssertionError("a metric's test writes its own slow reference")

    def slow_value(self, judged: Judged) -> float | None:
        """Return the mean over the rows that count."""
        slow = [self.slow_row(judged, row) for row in range(len(judged))]
        counted = [number for number in slow if not math.isnan(number)]
        return math.fsum(counted) / len(counted) if counted else None

    @pytest.mark.parametrize("seed", range(8))
    def test_each_row_equals_the_slow_reference(self, seed: int) -> None:
        judged = judged_rows(seed)
        slow = [self.slow_row(judged, row) for row in range(len(judged))]
        rows = self.metric.per_row(judged)
        assert rows.dtype == torch.float64
        torch.testing.assert_close(
            rows, torch.tensor(slow, dtype=torch.float64), equal_nan=True, rtol=1e-6, atol=1e-9
        )


class SetMetricContract(MetricContract):
    """Tests of a metric that compares two sets of features."""

    metric: ClassVar[SetMetric]

    def test_private_pictures_of_classes_not_attacked_do_not_matter(self) -> None:
        judged = judged_rows(2, 0.0)
        some = dataclasses.replace(judged, class_index=torch.zeros_like(judged.class_index))
        moved = judged.private_features + 5 * (judged.private_labels != 0)[:, None]
        assert self.metric.value(some) == self.metric.value(dataclasses.replace(some, private_features=moved))

    def test_neither_the_order_of_rows_nor_the_global_generator_matters(self) -> None:
        judged = judged_rows(4, 0.0)
        value = self.metric.value(judged)
        torch.manual_seed(123)
        before = torch.random.get_rng_state()
        turned = dataclasses.replace(judged, features=judged.features.flip(0))
        assert self.metric.value(turned) == pytest.approx(value, rel=1e-9, abs=1e-9)
        assert torch.equal(torch.random.get_rng_state(), before)


def perfect_rows() -> Judged:
    """Return rows whose pictures are private training pictures of their class, with no doubt left."""
    rows = judged_rows(0, 0.0)
    order = rows.private_labels.argsort(stable=True).view(CLASSES, -1)[:, :RESTARTS].flatten()
    return dataclasses.replace(
        rows,
        scores=torch.nn.functional.one_hot(rows.class_index, CLASSES).float(),
        features=rows.private_features[order],
        target_probability=torch.ones(len(rows)),
        perceptual_distance=torch.zeros(len(rows)).double(),
    )


def far_rows() -> Judged:
    """Return random rows whose features lie far from every private picture."""
    rows = judged_rows(0, 0.0)
    return dataclasses.replace(rows, features=rows.features + 10)
