"""Inception-v3 of torchvision at 299x299: the evaluator of PPA."""

from torch import nn

from trainables.models.target_model import TargetModel

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

UNITS = (
    "Conv2d_1a_3x3",
    "Conv2d_2a_3x3",
    "Conv2d_2b_3x3",
    "maxpool1",
    "Conv2d_3b_1x1",
    "Conv2d_4a_3x3",
    "maxpool2",
    "Mixed_5b",
    "Mixed_5c",
    "Mixed_5d",
    "Mixed_6a",
    "Mixed_6b",
    "Mixed_6c",
    "Mixed_6d",
    "Mixed_6e",
    "Mixed_7a",
    "Mixed_7b",
    "Mixed_7c",
)
"""torchvision's names of the layers, in forward order."""


class InceptionV3(TargetModel):
    """Inception-v3: 27,161,264 parameters at 1000 classes, with the 1000-way auxiliary head.

    That head counts and keeps its weights but is not computed: PPA trains on the main logits alone. PPA
    gives the network [-1, 1], which torchvision's network maps on as if it were normalised for ImageNet; both
    steps together are this normalisation.
    """

    pretrained_parts = ("units.", "neck.", "aux.")

    def __init__(self, num_classes: int) -> None:
        from torchvision.models import inception_v3

        super().__init__()
        network = inception_v3(weights=None, num_classes=num_classes, aux_logits=True, init_weights=True)
        self._set_double_normalisation()
        self.units = nn.ModuleDict({name: getattr(network, name) for name in UNITS})
        self.hidden_units = ("maxpool1", "maxpool2", "Mixed_5d", "Mixed_6e")
        self.neck = nn.Sequential(network.avgpool, network.dropout, nn.Flatten())
        self.head = network.fc
        aux = network.AuxLogits
        aux.fc = nn.Linear(aux.fc.in_features, 1000)
        self.aux = aux.requires_grad_(False)

    def _set_double_normalisation(self) -> None:
        """Set mean and std for (2 x - 1) s / 0.5 + (m - 0.5) / 0.5 of ImageNet's mean m and deviation s."""
        pairs = list(zip(IMAGENET_MEAN, IMAGENET_STD, strict=True))
        self.set_normalisation(
            [0.5 - (mean - 0.5) / (2 * std) for mean, std in pairs], [0.25 / std for std in IMAGENET_STD]
        )
