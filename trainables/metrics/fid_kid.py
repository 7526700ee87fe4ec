"""FID and KID: distances between two sets of features (Heusel et al. 2017; Binkowski et al. 2018)."""

import warnings

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from trainables.metrics.metric import SetMetric


class GivenFeatures(nn.Module):
    """Returns the features (B, d) that it is given as pictures."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        """Return ``features``."""
        return features


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


SUBSETS = 100
SUBSET_SIZE = 1000
"""Pictures of a subset, or all of the smaller set when it has fewer: the published estimate."""


def kernel_distance(real: Tensor, fake: Tensor) -> float | None:
    """Return the mean over random subsets of MMD^2 with k(x, y) = (x.y / d + 1)^3; unbiased, may be negative.

    ``None`` when either set has fewer than two pictures. The subsets are the same in every call.
    """
    size = min(len(real), len(fake), SUBSET_SIZE)
    if size < 2:
        return None
    from torchmetrics.image.kid import KernelInceptionDistance

    one_subset = size == len(real) == len(fake)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of keeping the features, which are here already
        metric = KernelInceptionDistance(
            feature=GivenFeatures(real.shape[1]), subsets=1 if one_subset else SUBSETS, subset_size=size
        )
    metric.update(real, real=True)
    metric.update(fake, real=False)
    with torch.random.fork_rng(devices=[]):  # torchmetrics draws from the global generator
        torch.manual_seed(seed_stream(0, "kid_subsets"))
        mean, _ = metric.compute()
    return float(mean)


KID = SetMetric("kid", "lower", "squared maximum mean discrepancy", (-torch.inf, torch.inf), kernel_distance)
"""Of all found rows, in the features of ``FID``."""
