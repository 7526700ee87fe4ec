"""MaxViT-T of torchvision at 224x224."""

from torch import nn

from search_spaces import architectures
from trainables.implementations import implements
from trainables.models.target_model import TargetModel

SIDE = 32
"""Pixels of a picture for each row of a window: the published network has 7 rows at 224."""


@implements(architectures.MaxViT)
class MaxViTTarget(TargetModel):
    """MaxViT-T: 30,919,624 parameters at 1000 classes.

    Units are the stem and the eleven layers of the four blocks. The neck ends in LayerNorm, a linear layer
    of 512 and Tanh; the head has no bias, as published. The windows of other ``resolution`` have as many
    rows per picture, so only at 224 do the published weights fit. Hidden layers of BiDO, which no source
    states for it: the ends of the four blocks and the feature.
    """

    def __init__(self, num_classes: int, resolution: int = 224) -> None:
        from torchvision.models.maxvit import MaxVit

        super().__init__()
        network = MaxVit(
            input_size=(resolution, resolution),
            stem_channels=64,
            partition_size=resolution // SIDE,
            block_channels=[64, 128, 256, 512],
            block_layers=[2, 2, 5, 2],
            head_dim=32,
            stochastic_depth_prob=0.2,
            num_classes=num_classes,
        )
        self.set_normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
        layers = [
            (f"block{block}_{position}", layer)
            for block, parts in enumerate(network.blocks)
            for position, layer in enumerate(parts.layers)
        ]
        self.units = nn.ModuleDict({"stem": network.stem, **dict(layers)})
        self.hidden_units = ("block0_1", "block1_1", "block2_4", "block3_1")
        *neck, head = network.classifier
        self.neck = nn.Sequential(*neck)
        self.head = head
