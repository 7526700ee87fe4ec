"""Target confidence against plain loops."""

import math

from tests.contracts.metric_contract import RowMetricContract
from trainables.metrics import TARGET_CONFIDENCE, Judged


class TestTargetConfidence(RowMetricContract):
    metric = TARGET_CONFIDENCE

    def slow_row(self, judged: Judged, row: int) -> float:
        return float(judged.target_probability[row]) if judged.found[row] else math.nan
