"""The smallest network that a training can be written out for by hand."""

import torch
from torch import Tensor, nn

from trainables.models.target_model import TargetOutput


class Linear(nn.Module):
    """Logits that are linear in the pixels, and a dropout layer."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.weight = nn.Parameter(torch.zeros(4, 3 * 16 * 16))

    def forward(self, images: Tensor) -> TargetOutput:
        feature = self.dropout(images.flatten(1))
        return TargetOutput(feature, feature @ self.weight.T)
