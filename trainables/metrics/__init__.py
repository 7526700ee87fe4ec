"""How well an attack did, from its 8-bit reconstructions alone."""

from trainables.metrics.attack_accuracy import TOP1, TOP5, ranks, restart_sd
from trainables.metrics.judged import Judged
from trainables.metrics.knn_distance import KNN_DISTANCE
from trainables.metrics.metric import Metric
from trainables.metrics.target_confidence import TARGET_CONFIDENCE

REGISTRY: dict[str, Metric] = {one.name: one for one in (TOP1, TOP5, TARGET_CONFIDENCE, KNN_DISTANCE)}
"""Every metric by its column of the ``attacks`` table."""

__all__ = [
    "KNN_DISTANCE",
    "REGISTRY",
    "TARGET_CONFIDENCE",
    "TOP1",
    "TOP5",
    "Judged",
    "Metric",
    "ranks",
    "restart_sd",
]
