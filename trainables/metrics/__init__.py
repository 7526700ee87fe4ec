"""How well an attack did, from its 8-bit reconstructions alone."""

from trainables.metrics.attack_accuracy import TARGET_CONFIDENCE, TOP1, TOP5, ranks, restart_sd
from trainables.metrics.distances import CENTROID_DISTANCE, KNN_DISTANCE
from trainables.metrics.evaluator_false_positive import (
    accepted_as,
    accepting_scores,
    deceived_classes,
    false_positive_rate,
)
from trainables.metrics.fid_kid import FID, KID
from trainables.metrics.lpips import LPIPS
from trainables.metrics.metric import Judged, Metric, RowMetric, SetMetric

REGISTRY: dict[str, Metric] = {
    one.name: one for one in (TOP1, TOP5, TARGET_CONFIDENCE, KNN_DISTANCE, CENTROID_DISTANCE, LPIPS, FID, KID)
}
"""Every metric by its column of the ``attacks`` table."""

__all__ = [
    "CENTROID_DISTANCE",
    "FID",
    "KID",
    "KNN_DISTANCE",
    "LPIPS",
    "REGISTRY",
    "TARGET_CONFIDENCE",
    "TOP1",
    "TOP5",
    "Judged",
    "Metric",
    "RowMetric",
    "SetMetric",
    "accepted_as",
    "accepting_scores",
    "deceived_classes",
    "false_positive_rate",
    "ranks",
    "restart_sd",
]
