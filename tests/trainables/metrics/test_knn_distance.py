"""KNN distance against plain loops."""

import math

import torch

from tests.contracts.metric_contract import RowMetricContract, judged_rows
from trainables.metrics import KNN_DISTANCE, Judged


class TestKNNDistance(RowMetricContract):
    metric = KNN_DISTANCE

    def slow_row(self, judged: Judged, row: int) -> float:
        if not judged.found[row]:
            return math.nan
        own = judged.features[row].tolist()
        return min(
            math.fsum((a - b) ** 2 for a, b in zip(own, real.tolist(), strict=True))
            for real, label in zip(judged.private_features, judged.private_labels, strict=True)
            if label == judged.class_index[row]
        )


def test_a_private_picture_is_at_distance_zero_of_its_own_class_only() -> None:
    judged = judged_rows(0, 0.0)
    judged.features[:] = judged.private_features[0]
    assert torch.equal(KNN_DISTANCE.per_row(judged) == 0, judged.class_index == 0)
