"""The ResNet-34 of VMI, made for low-shot recognition and trained from scratch at 64x64.

Source: Wang et al., "Variational model inversion attacks", NeurIPS 2021. Its network returns
log-probabilities, ours logits, which cross-entropy does not tell apart. The supplement's 21.1 M trained of
21.5 M parameters is no build of it: 128 features give 21.48 M, of which 21.25 M are left behind the first
stage; 50 features 21.36 M and 21.13 M.
"""

from collections.abc import Iterator

from torch import Tensor, nn

from search_spaces import architectures
from trainables.implementations import implements
from trainables.models.target_model import TargetModel

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""(channels, blocks) of each stage; the first block of all but the first halves the sides."""


class SimpleBlock(nn.Module):
    """Two 3x3 convolutions with BatchNorm, plus the input or, for other channels, its 1x1 convolution."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        stride = 1 if before == after else 2
        self.residual = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut = nn.Identity() if stride == 1 else _projection(before, after)

    def forward(self, activations: Tensor) -> Tensor:
        """Return (B, after, H / stride, W / stride)."""
        total: Tensor = self.residual(activations) + self.shortcut(activations)
        return total.relu()


def _projection(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 1, 2, bias=False), nn.BatchNorm2d(after))


def low_shot_units(features: int) -> Iterator[tuple[str, nn.Module]]:
    """Yield ``stem``, ``layer1_0`` to ``layer4_2`` and ``fc1``, whose output (B, ``features``) is no map."""
    before = STAGES[0][0]
    stem = (nn.Conv2d(3, before, 7, 2, 3, bias=False), nn.BatchNorm2d(before), nn.ReLU(inplace=True))
    yield "stem", nn.Sequential(*stem, nn.MaxPool2d(3, 2, 1))
    for stage, (width, blocks) in enumerate(STAGES, start=1):
        for position in range(blocks):
            yield f"layer{stage}_{position}", SimpleBlock(before, width)
            before = width
    pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.ReLU())
    yield "fc1", nn.Sequential(*pooled, nn.BatchNorm1d(before), nn.Linear(before, features))


class LowShotResNet(TargetModel):
    """ResNet-34 of VMI: 21,480,616 parameters at 1000 classes with its 128 ``features`` (BiDO's copy: 50).

    Pictures go in as [-1, 1]. Hidden layers of BiDO, the seven published ones: stem, the ends of the four
    stages, ``fc1``, and the feature. Under MID the encoder takes the place of the ReLU and BatchNorm behind
    ``fc1``. Pictures of other sizes than 64x64 are averaged to one pixel in the end as well.
    """

    bottleneck_after = 0

    def __init__(self, num_classes: int, features: int = 128) -> None:
        super().__init__()
        self.set_normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
        self.units = nn.ModuleDict(dict(low_shot_units(features)))
        self.residual_stages = [
            [f"layer{stage}_{position}" for position in range(blocks)]
            for stage, (_, blocks) in enumerate(STAGES, start=1)
        ]
        ends = [f"layer{stage}_{blocks - 1}" for stage, (_, blocks) in enumerate(STAGES, start=1)]
        self.hidden_units = ("stem", *ends, "fc1")
        self.neck = nn.Sequential(nn.ReLU(), nn.BatchNorm1d(features))
        self.head = nn.Linear(features, num_classes)
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")


@implements(architectures.ResNet34)
def resnet34(num_classes: int, resolution: int = 64) -> LowShotResNet:
    """Return the ResNet-34 of VMI; it takes pictures of any size."""
    return LowShotResNet(num_classes)
