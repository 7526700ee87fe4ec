"""KEDMI's discriminator of K + 1 classes and its losses (Chen et al., ICCV 2021; Salimans et al. 2016).

The K logits are those of T's classes; the logit of the class "generated" is fixed at 0, so that
P(real | x) = sigmoid(logsumexp_k D_k(x)).
"""

from itertools import pairwise
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

SMALLEST = 4
"""Side of the last feature maps where the size of the pictures is a power of two from 8 on."""


class ClassScores(NamedTuple):
    """``feature`` (B, d), which real and generated pictures are matched in, and ``logits`` (B, K)."""

    feature: Tensor
    logits: Tensor


class Discriminator(nn.Module):
    """Pictures (B, channels, S, S) in [0, 1] to features and K logits.

    5x5 convolutions of stride 2 that double the channels from ``width``, a last one of 3x3 that keeps them,
    each with an affine InstanceNorm and LeakyReLU 0.2; their output, flattened, is the feature. At ``width``
    64 and S = 64 it is the published one without its minibatch discrimination layer, whose output
    underflows to exact zeros. Raises ``ValueError`` below 4x4.
    """

    def __init__(self, channels: int, width: int, resolution: int, classes: int) -> None:
        super().__init__()
        if resolution < SMALLEST:
            raise ValueError(f"pictures of {resolution}x{resolution}: at least {SMALLEST}x{SMALLEST}")
        stages = max(1, (resolution // SMALLEST).bit_length() - 1)
        widths = [channels, *(width * 2**stage for stage in range(stages - 1))]
        last = widths[-1] if stages > 1 else width
        wide = [_halving(before, after, 5) for before, after in pairwise(widths)]
        self.layers = nn.Sequential(*wide, _halving(widths[-1], last, 3), nn.Flatten())
        side = -(-resolution // 2**stages)
        self.head = nn.Linear(last * side**2, classes)

    def forward(self, pictures: Tensor) -> ClassScores:
        """Return feature and logits of ``pictures``."""
        feature = self.layers(pictures)
        return ClassScores(feature, self.head(feature))


def _halving(before: int, after: int, kernel: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, kernel, 2, kernel // 2)
    return nn.Sequential(convolution, nn.InstanceNorm2d(after, affine=True), nn.LeakyReLU(0.2))


def fakeness(logits: Tensor) -> Tensor:
    """Return -log P(real | x) = softplus(-logsumexp_k D_k) of each row of ``logits`` (B, K): (B,).

    >>> import torch
    >>> round(fakeness(torch.zeros(1, 3)).neg().exp().item(), 4)
    0.75
    """
    return F.softplus(-logits.logsumexp(1))


def discriminator_loss(labelled: Tensor, soft_labels: Tensor, unlabelled: Tensor, fake: Tensor) -> Tensor:
    """Return L_lab + L_unl, a scalar, of the logits (B, K) of three batches.

    L_lab: mean cross-entropy of ``labelled`` against T's ``soft_labels`` (B, K), which are probabilities;
    L_unl: half of mean -log P(real) of ``unlabelled`` plus mean -log P(generated) of ``fake``.
    """
    known = -(soft_labels * labelled.log_softmax(1)).sum(1).mean()
    generated = F.softplus(fake.logsumexp(1)).mean()
    return known + 0.5 * (fakeness(unlabelled).mean() + generated)


def generator_loss(fake: ClassScores, real_feature: Tensor, entropy_weight: float) -> Tensor:
    """Return the l1 distance of mean features, a mean over dimensions, + ``entropy_weight`` * H, a scalar.

    H is the sum over the batch of the entropies (nats) of softmax(D(G(z))), as published: not a mean.
    """
    matching = (fake.feature.mean(0) - real_feature.mean(0)).abs().mean()
    entropy = -(fake.logits.softmax(1) * fake.logits.log_softmax(1)).sum()
    loss: Tensor = matching + entropy_weight * entropy
    return loss
