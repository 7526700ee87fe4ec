"""The small CNN of the evaluators that are trained here."""

from torch import Tensor, nn

from trainables.models.target_model import TargetOutput
from trainables.training.training import layers_seeded

FEATURES = 128


class SmallNetwork(nn.Module):
    """Four blocks of strided convolution, BatchNorm and ReLU, a feature layer of 128, a linear head.

    Strides instead of pooling cost a quarter of the time on a CPU and judge the embedded data as well.
    ``resolution``, the side of the pictures in pixels, is a multiple of 16.
    """

    def __init__(self, outputs: int, channels: int, width: int, resolution: int) -> None:
        super().__init__()
        widths = (width, 2 * width, 4 * width, 4 * width)
        blocks = [_block(before, after) for before, after in zip((channels, *widths), widths, strict=False)]
        flat = widths[-1] * (resolution // 2 ** len(widths)) ** 2
        self.body = nn.Sequential(*blocks, nn.Flatten(), nn.Linear(flat, FEATURES), nn.ReLU(inplace=True))
        self.head = nn.Linear(FEATURES, outputs)

    def forward(self, images: Tensor) -> TargetOutput:
        """Return feature (B, 128) and logits (B, outputs) of ``images`` (B, channels, S, S) in [0, 1]."""
        feature = self.body((images - 0.5) / 0.25)
        return TargetOutput(feature, self.head(feature))


def small_network(outputs: int, channels: int, width: int, resolution: int, seed: int) -> SmallNetwork:
    """Return the network with initial weights that depend on ``seed`` alone.

    >>> import torch
    >>> small_network(3, 1, 4, 32, seed=0)(torch.zeros(2, 1, 32, 32)).logits.shape
    torch.Size([2, 3])
    """
    with layers_seeded(seed):
        return SmallNetwork(outputs, channels, width, resolution)


def _block(before: int, after: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True))
