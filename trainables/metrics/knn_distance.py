"""KNN distance: squared l2 distance to the nearest private training picture of the attacked class."""

import torch
from torch import Tensor

from trainables.metrics.judged import Judged
from trainables.metrics.metric import RowMetric


def _nearest(judged: Judged) -> Tensor:
    distances = torch.full((len(judged),), torch.nan, dtype=torch.float64)
    for wanted in set(judged.class_index[judged.found].tolist()):
        rows = judged.found & (judged.class_index == wanted)
        real = judged.private_features[judged.private_labels == wanted].double()
        distances[rows] = _squared_distances(judged.features[rows].double(), real).amin(1)
    return distances


def _squared_distances(left: Tensor, right: Tensor) -> Tensor:
    return (left[:, None] - right).square().sum(2)


KNN_DISTANCE = RowMetric(
    "knn_distance", "lower", "squared l2 in the evaluator's feature space", (0.0, torch.inf), _nearest
)
"""Mean over found rows, successful or not, as the published code takes it over all its rows."""
