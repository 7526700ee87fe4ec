"""The Inception network of FID and KID: the graph of December 2015, whose weights no package ships."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from search_spaces.image_quality import ImageQuality
from trainables.metrics.given_weights import given_weights
from trainables.weights.fitting import require_fit

NAME = "inception_2015"
SIZE = 299
CLASSES = 1008
AVERAGED = ("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e", "Mixed_7b")
"""Blocks with an average-pooling branch, which in that graph leaves the padding out of the mean."""


class InceptionFeatures(nn.Module):
    """Features (B, 2048) of the last average pooling.

    torchvision's Inception v3 with the three differences of the 2015 graph: average pools that do not count
    the padding, a maximum pool in the last block, and its own way to resize and scale pictures.
    """

    num_features = 2048

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        """Raises ``WeightsMismatch`` for the weights of another network (torchvision's has 1000 classes)."""
        super().__init__()
        from torchvision.models import Inception3

        network = Inception3(num_classes=CLASSES, aux_logits=False, init_weights=False)
        expected = {
            name: tensor
            for name, tensor in network.state_dict().items()
            if not name.endswith("num_batches_tracked")
        }
        given = {name: weights[name] for name in weights if not name.endswith("num_batches_tracked")}
        require_fit(expected, given, "Inception of FID")
        network.load_state_dict(given, strict=False)
        for name in AVERAGED:
            block = getattr(network, name)
            block.branch_pool = nn.Sequential(WithoutPadding(), block.branch_pool)
        network.Mixed_7c = LastBlock(network.Mixed_7c)
        network.fc = nn.Identity()
        self.network = network.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of float ``images`` (B, 1 or 3, S, S) in [0, 1], made of 8-bit pictures."""
        pixels = resized_like_2015(images.expand(-1, 3, -1, -1) * 255)
        features: Tensor = self.network((pixels - 128) / 128)
        return features


class WithoutPadding(nn.Module):
    """Turns 3 x 3 average pools that count the padding into pools that do not."""

    def forward(self, pooled: Tensor) -> Tensor:
        """Return ``pooled`` (B, C, H, W) divided by the share of each window that lies inside."""
        inside = nn.functional.avg_pool2d(torch.ones_like(pooled[:1, :1]), 3, stride=1, padding=1)
        return pooled / inside


class LastBlock(nn.Module):
    """The last Inception block with a maximum pool where torchvision's takes the average."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.parts = block

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the branches of ``inputs`` (B, 2048, H, W) side by side."""
        part = dict(self.parts.named_children())
        narrow = part["branch3x3_1"](inputs)
        deep = part["branch3x3dbl_2"](part["branch3x3dbl_1"](inputs))
        pooled = nn.functional.max_pool2d(inputs, 3, stride=1, padding=1)
        branches = [
            part["branch1x1"](inputs),
            part["branch3x3_2a"](narrow),
            part["branch3x3_2b"](narrow),
            part["branch3x3dbl_3a"](deep),
            part["branch3x3dbl_3b"](deep),
            part["branch_pool"](pooled),
        ]
        return torch.cat(branches, 1)


def resized_like_2015(images: Tensor, size: int = SIZE) -> Tensor:
    """Return ``images`` (B, C, S, S) as (B, C, size, size), bilinear with corners at the origin.

    Output position i looks at i * S / size, without the half-pixel shift of today's resizing.
    """
    place = torch.arange(size, device=images.device) * (images.shape[-1] / size)
    low = place.floor().long()
    high = (low + 1).clamp(max=images.shape[-1] - 1)
    share = place - low
    lines = images[:, :, low] + (images[:, :, high] - images[:, :, low]) * share[:, None]
    return lines[..., low] + (lines[..., high] - lines[..., low]) * share


def load_inception(settings: ImageQuality) -> InceptionFeatures | None:
    """Return the network of ``settings``, or ``None`` when they name no weights.

    Raises ``FileUnusable`` and ``WeightsMismatch``.
    """
    if settings.inception is None:
        return None
    return InceptionFeatures(given_weights(settings.inception, "image_quality.inception"))


def inception_hash(settings: ImageQuality) -> str | None:
    """Return the SHA-256 of the weights of ``settings``; ``None`` when they name none.

    Raises ``FileUnusable``.
    """
    return None if settings.inception is None else settings.inception.pinned().sha256
