"""The judges of the literature: networks for larger pictures than those that are attacked."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from torch import Tensor, nn

from trainables.evaluators.evaluator import resized
from trainables.models.inception import InceptionV3
from trainables.models.ir_network import IRSE50, facenet112
from trainables.models.target_model import TargetModel, TargetOutput
from trainables.training.training import layers_seeded

DECODER = "neck.decoder."
"""Start of the names of weights that only an IR-SE50 trained as a classifier has."""


class Published(NamedTuple):
    """How to build a judge and the side of its pictures in pixels.

    ``build`` takes the number of classes and whether to build the form that is trained as a classifier.
    """

    build: Callable[[int, bool], TargetModel]
    size: int


PUBLISHED: dict[str, Published] = {
    "facenet112": Published(lambda classes, trained: facenet112(classes), 112),
    "ir_se50": Published(lambda classes, trained: IRSE50(classes, decoder=trained), 112),
    "inception_v3": Published(lambda classes, trained: InceptionV3(classes), 299),
}
"""The judges of KEDMI, BREPMI, LOMMA and TL-DMI (FaceNet112), of VMI, and of PPA."""


class EnlargedNetwork(nn.Module):
    """Shows ``network`` the pictures enlarged to ``size``: bilinear and 8-bit, as published."""

    def __init__(self, network: TargetModel, size: int) -> None:
        super().__init__()
        self.network = network
        self.size = size

    def forward(self, images: Tensor) -> TargetOutput:
        """Return feature and logits of ``images`` (B, 1 or 3, S, S) in [0, 1]."""
        output: TargetOutput = self.network(enlarged(images, self.size))
        return output


def enlarged(images: Tensor, size: int) -> Tensor:
    """Return ``images`` (B, 1 or 3, S, S) in [0, 1] as 8-bit colour (B, 3, size, size), still in [0, 1]."""
    return (resized(images, size) * 255).round() / 255


def published_network(architecture: str, num_classes: int, trained: bool, seed: int) -> EnlargedNetwork:
    """Return the judge with initial weights that depend on ``seed`` alone."""
    published = PUBLISHED[architecture]
    with layers_seeded(seed):
        return EnlargedNetwork(published.build(num_classes, trained), published.size)


def trained_as_classifier(state: Mapping[str, Tensor]) -> bool:
    """Return whether an IR-SE50 of this ``state`` classifies by its decoder, not by prototypes."""
    return any(DECODER in name for name in state)
