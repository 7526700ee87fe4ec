"""What the white-box attacks minimise: identity loss + prior of pictures, seen as a function of latents."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch.nn.functional as F
from torch import Tensor, nn

from trainables.attacks.inference import Engine, inference_copy
from trainables.generators.k_plus_one import Discriminator, fakeness


class Identity(NamedTuple):
    """``loss``: a sum over rows, scalar; ``logits``: T's (R, K)."""

    loss: Tensor
    logits: Tensor


IdentityLoss = Callable[[Tensor, Tensor], Identity]
"""From images in [0, 1] (R, C, S, S) and the attacked classes, int64 (R,)."""

PriorLoss = Callable[[Tensor], Tensor]
"""From images (R, C, S, S) to what makes each improbable (R,), lower for more natural ones."""


class Weights(Engine, Protocol):
    """The settings an objective needs."""

    @property
    def identity_weight(self) -> float:
        """Weight of the identity loss of one row."""

    @property
    def prior_weight(self) -> float:
        """Weight of the prior of one row."""

    @property
    def norm_batch(self) -> float:
        """What the sum over rows is divided by."""


class Objective:
    """The loss sum_i (identity_weight ID_i + prior_weight PRIOR_i) / norm_batch of fixed networks.

    A sum, so rows do not know of each other. A prior of weight 0 is not computed.
    """

    def __init__(
        self,
        weights: Weights,
        generator: nn.Module,
        identity: IdentityLoss,
        prior: PriorLoss,
        to_target: nn.Module | None = None,
    ) -> None:
        """``to_target``: what lies between the generator's pictures, which the prior judges, and T."""
        self.weights = weights
        self.generator = inference_copy(generator, weights)
        self.identity = identity
        self.prior = prior
        self.to_target = to_target or nn.Identity()

    def __call__(self, latents: Tensor, labels: Tensor) -> Identity:
        """Return the loss of ``latents`` (R, ...) that attack ``labels``, int64 (R,), and T's logits."""
        images = self.generator(latents)
        identity = self.identity(self.to_target(images), labels)
        loss = self.weights.identity_weight * identity.loss
        if self.weights.prior_weight:
            loss = loss + self.weights.prior_weight * self.prior(images).sum()
        return Identity(loss / self.weights.norm_batch, identity.logits)


class CrossEntropy:
    """GMI's and KEDMI's identity loss: cross-entropy of T."""

    def __init__(self, target: nn.Module, engine: Engine | None = None) -> None:
        self.target = inference_copy(target, engine)

    def __call__(self, images: Tensor, labels: Tensor) -> Identity:
        """Return the loss of ``images`` that attack ``labels``."""
        logits = self.target(images).logits
        return Identity(F.cross_entropy(logits, labels, reduction="sum"), logits)


def critic_prior(critic: nn.Module | None, engine: Engine | None = None) -> PriorLoss:
    """Return GMI's prior: minus the critic's score. Without a critic it may be built, but not called."""
    if critic is None:
        return _no_critic
    ready = inference_copy(critic, engine)
    return lambda images: -ready(images)


def _no_critic(images: Tensor) -> Tensor:
    raise ValueError("prior_weight is above 0, but the prior has no critic; set prior_weight to 0")


def real_prior(discriminator: Discriminator, engine: Engine | None = None) -> PriorLoss:
    """Return KEDMI's prior: -log P(real | x) of its K + 1 classes."""
    ready = inference_copy(discriminator, engine)
    return lambda images: fakeness(ready(images).logits)


def confidence(logits: Tensor, labels: Tensor) -> Tensor:
    """Return T's probability (R,) of ``labels`` (R,), from its ``logits`` (R, K); without a graph.

    >>> import torch
    >>> confidence(torch.zeros(1, 4), torch.tensor([2])).item()
    0.25
    """
    return logits.detach().softmax(1).gather(1, labels[:, None])[:, 0]
