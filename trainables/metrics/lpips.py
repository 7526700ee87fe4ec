"""LPIPS: perceptual distance to the nearest private training picture of the attacked class."""

import torch
from torch import Tensor

from trainables.metrics.judged import Judged
from trainables.metrics.metric import RowMetric


def _nearest(judged: Judged) -> Tensor:
    nothing = torch.full((len(judged),), torch.nan, dtype=torch.float64)
    if judged.perceptual_distance is None:
        return nothing
    return torch.where(judged.found, judged.perceptual_distance.double(), nothing)


LPIPS = RowMetric("lpips", "lower", "LPIPS distance", (0.0, torch.inf), _nearest)
"""Mean over found rows of the smallest distance; unknown without weights of the trunk."""
