"""KNN and centroid distance on hand-made features."""

import math

import torch

from tests.contracts.metric_contract import FEATURES, RowMetricContract, judged_rows
from trainables.metrics import CENTROID_DISTANCE, KNN_DISTANCE, Judged


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


class TestCentroidDistance(RowMetricContract):
    metric = CENTROID_DISTANCE

    def slow_row(self, judged: Judged, row: int) -> float:
        if not judged.found[row]:
            return math.nan
        pairs = zip(judged.private_features.tolist(), judged.private_labels.tolist(), strict=True)
        real = [feature for feature, label in pairs if label == int(judged.class_index[row])]
        total = 0.0
        for number in range(FEATURES):
            centre = sum(feature[number] for feature in real) / len(real)
            total += (float(judged.features[row, number]) - centre) ** 2
        return total
