"""KNN and centroid distance: squared l2 to the private training pictures of the attacked class."""

import torch
from torch import Tensor

from trainables.metrics.metric import Judged, RowMetric


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


def _to_centroid(judged: Judged) -> Tensor:
    distances = torch.full((len(judged),), torch.nan, dtype=torch.float64)
    for wanted in set(judged.class_index[judged.found].tolist()):
        rows = judged.found & (judged.class_index == wanted)
        centroid = judged.private_features[judged.private_labels == wanted].double().mean(0)
        distances[rows] = (judged.features[rows].double() - centroid).square().sum(1)
    return distances


CENTROID_DISTANCE = RowMetric(
    "centroid_distance",
    "lower",
    "squared l2 in the evaluator's feature space",
    (0.0, torch.inf),
    _to_centroid,
)
"""Mean over found rows, successful or not; the published code calls it l2 distance and squares it too."""
