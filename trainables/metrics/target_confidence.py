"""P_T: the probability that T gives the attacked class on the 8-bit reconstruction."""

import torch
from torch import Tensor

from trainables.metrics.judged import Judged
from trainables.metrics.metric import RowMetric


def _confidence(judged: Judged) -> Tensor:
    return torch.where(judged.found, judged.target_probability.double(), torch.nan)


TARGET_CONFIDENCE = RowMetric("target_confidence", "higher", "probability", (0.0, 1.0), _confidence)
"""Mean over found rows."""
