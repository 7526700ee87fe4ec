"""The ResNets of torchvision at 224x224, as PPA and MIRROR attack them."""

from collections.abc import Iterable, Iterator
from typing import Any

from torch import nn

from search_spaces import architectures
from trainables.implementations import implements
from trainables.models.target_model import TargetModel

STAGES = ("layer1", "layer2", "layer3", "layer4")


class ResNetTarget(TargetModel):
    """A target on the body of ``network``: stem, one unit per block, mean pooling, linear head.

    ``stem`` names the layers in front of the blocks. Pictures go in as [-1, 1], as in PPA. Hidden layers of
    BiDO, which no source states for these networks: the ends of the four stages and the feature.
    """

    def __init__(self, network: Any, stem: Iterable[str]) -> None:  # noqa: ANN401
        super().__init__()
        self.set_normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
        self.units = nn.ModuleDict({"stem": _stem(network, stem), **dict(_blocks(network))})
        self.residual_stages = [
            [f"{stage}_{position}" for position in range(len(getattr(network, stage)))] for stage in STAGES
        ]
        self.hidden_units = [f"{stage}_{len(getattr(network, stage)) - 1}" for stage in STAGES]
        self.neck = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = network.fc


def _stem(network: Any, names: Iterable[str]) -> nn.Module:  # noqa: ANN401
    stem = nn.Sequential()
    for name in names:
        stem.add_module(name, getattr(network, name))
    return stem


def _blocks(network: Any) -> Iterator[tuple[str, nn.Module]]:  # noqa: ANN401
    for stage in STAGES:
        for position, block in enumerate(getattr(network, stage)):
            yield f"{stage}_{position}", block


def _on_torchvision(name: str, num_classes: int) -> ResNetTarget:
    from torchvision.models import get_model

    network = get_model(name, weights=None, num_classes=num_classes)
    return ResNetTarget(network, ("conv1", "bn1", "relu", "maxpool"))


@implements(architectures.ResNet18)
def resnet18(num_classes: int, resolution: int = 224) -> ResNetTarget:
    """Return ResNet-18: 11,689,512 parameters at 1000 classes."""
    return _on_torchvision("resnet18", num_classes)


@implements(architectures.ResNet50)
def resnet50(num_classes: int, resolution: int = 224) -> ResNetTarget:
    """Return ResNet-50: 41,192,951 parameters at the 8631 classes of VGGFace2."""
    return _on_torchvision("resnet50", num_classes)


@implements(architectures.ResNet101)
def resnet101(num_classes: int, resolution: int = 224) -> ResNetTarget:
    """Return ResNet-101: 44,549,160 parameters at 1000 classes."""
    return _on_torchvision("resnet101", num_classes)


@implements(architectures.ResNet152)
def resnet152(num_classes: int, resolution: int = 224) -> ResNetTarget:
    """Return ResNet-152: 60,192,808 parameters at 1000 classes."""
    return _on_torchvision("resnet152", num_classes)
