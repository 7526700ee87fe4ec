"""ResNeSt-101 of timm (``resnest101e``) at 224x224, the target of the Stanford Dogs."""

from search_spaces import architectures
from trainables.implementations import implements
from trainables.models.resnet import ResNetTarget

STEM = ("conv1", "bn1", "act1", "maxpool")


class ResNeStTarget(ResNetTarget):
    """ResNeSt-101: 48,275,016 parameters at 1000 classes, the supplement's 48.4 M with its buffers.

    One unit per block, as in the ResNets; pictures go in as [-1, 1].
    """

    def __init__(self, num_classes: int) -> None:
        import timm

        network = timm.create_model("resnest101e", pretrained=False, num_classes=num_classes)
        super().__init__(network, STEM)


@implements(architectures.ResNeSt101)
def resnest101(num_classes: int, resolution: int = 224) -> ResNeStTarget:
    """Return ResNeSt-101; it takes pictures of any size."""
    return ResNeStTarget(num_classes)
