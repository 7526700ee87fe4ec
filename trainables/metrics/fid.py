"""FID: Frechet distance between Gaussians fitted to two sets of features (Heusel et al. 2017)."""

import torch
from torch import Tensor

from trainables.metrics.given_features import GivenFeatures
from trainables.metrics.metric import SetMetric


def frechet_distance(real: Tensor, fake: Tensor) -> float | None:
    """Return ||m - m'||^2 + tr(C + C' - 2 (C C')^(1/2)) of features (N, d) and (M, d).

    Covariances are over n - 1. ``None`` when either set has fewer than two pictures. With fewer pictures than
    dimensions the covariances are singular and the value depends strongly on N and M.
    """
    if min(len(real), len(fake)) < 2:
        return None
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=GivenFeatures(real.shape[1]))
    centre = real.mean(0)  # the distance does not change, the rounding of its covariances does
    metric.update(real - centre, real=True)
    metric.update(fake - centre, real=False)
    return max(float(metric.compute()), 0.0)  # rounding may leave equal sets below zero


FID = SetMetric("fid", "lower", "Frechet distance of the features", (0.0, torch.inf), frechet_distance)
"""Of all found rows; of which features is told by the column ``fid_features``."""
