"""KID: unbiased squared MMD with a cubic kernel between two sets of features (Binkowski et al. 2018)."""

import warnings

import torch
from torch import Tensor

from search_spaces import seed_stream
from trainables.metrics.given_features import GivenFeatures
from trainables.metrics.metric import SetMetric

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
