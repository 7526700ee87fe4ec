"""Centroid distance against plain loops."""

import math

from tests.contracts.metric_contract import FEATURES, RowMetricContract
from trainables.metrics import CENTROID_DISTANCE, Judged


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
