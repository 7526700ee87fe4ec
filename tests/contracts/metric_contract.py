"""What every metric must do. Inherit, set ``metric`` and write ``slow_row`` from the metric's definition."""

import math

import pytest
import torch

from trainables.metrics import REGISTRY, Judged, Metric

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
    )


class MetricContract:
    """Tests that each metric passes."""

    metric: Metric

    def slow_row(self, judged: Judged, row: int) -> float:
        """Return the number of one row, NaN when it does not count, by plain loops."""
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
        slow = [self.slow_row(judged, row) for row in range(len(judged))]
        rows = self.metric.per_row(judged)
        assert rows.dtype == torch.float64
        torch.testing.assert_close(
            rows, torch.tensor(slow, dtype=torch.float64), equal_nan=True, rtol=1e-6, atol=1e-9
        )
        counted = [number for number in slow if not math.isnan(number)]
        value = self.metric.value(judged)
        if not counted:
            assert value is None
        else:
            assert value is not None
            assert math.isclose(value, math.fsum(counted) / len(counted), rel_tol=1e-6)
            assert self.metric.bounds[0] <= value <= self.metric.bounds[1]

    def test_a_perfect_attack_is_no_weaker_than_a_random_one(self) -> None:
        judged, perfect = judged_rows(0, 0.0), perfect_rows()
        better, worse = self.metric.value(perfect), self.metric.value(judged)
        assert better is not None
        assert worse is not None
        assert better > worse if self.metric.stronger_attack == "higher" else better < worse

    def test_reads_nothing_of_rows_not_found(self) -> None:
        judged = judged_rows(3)
        before = self.metric.per_row(judged)
        judged.scores[~judged.found] = torch.nan
        judged.features[~judged.found] = torch.nan
        judged.target_probability[~judged.found] = torch.nan
        assert torch.equal(self.metric.per_row(judged).nan_to_num(-1), before.nan_to_num(-1))


def perfect_rows() -> Judged:
    """Return rows whose pictures are private training pictures of their class, with no doubt left."""
    rows = judged_rows(0, 0.0)
    scores = torch.nn.functional.one_hot(rows.class_index, CLASSES).float()
    return Judged(
        class_index=rows.class_index,
        restart=rows.restart,
        found=rows.found,
        scores=scores,
        features=rows.private_features[rows.class_index],
        target_probability=torch.ones(len(rows)),
        private_features=rows.private_features,
        private_labels=rows.private_labels,
    )
