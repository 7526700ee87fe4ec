"""Features that were computed before, where torchmetrics expects a network."""

from torch import Tensor, nn


class GivenFeatures(nn.Module):
    """Returns the features (B, d) that it is given as pictures."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        """Return ``features``."""
        return features
