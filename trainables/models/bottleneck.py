"""The variational information bottleneck of MID: any target with a stochastic layer before its head.

mean, s = Linear(features); sigma = softplus(s - 5); feature t = mean + sigma * noise; logits = head(t). The
bottleneck is half as wide as the features: 1024 at VGG16, 256 at IR-152 and IR-50, 64 at the low-shot
ResNet-34. Source: Wang et al., "Improving robustness to model inversion attacks via mutual information
regularization", AAAI 2021, with the layers of its published VGG16. Its IR networks put a softmax before the
cross-entropy; here all targets return logits.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_spaces.defenses.mid import Prediction
from trainables.models.picture_noise import picture_noise
from trainables.models.target_model import TargetModel, TargetOutput, Trace

SHIFT = 5.0
"""Subtracted before the softplus, so that training starts with little noise."""
LINEAR_BELOW = -15.0
"""Below this log(softplus(u)) is u - exp(u) / 2 to the last bit of float32, and its plain form underflows."""


class Bottleneck(nn.Module):
    """The neck of a target under MID: ``before``, then the encoder and one sample.

    In training mode the noise comes from the global generator, which ``Training`` seeds. In eval mode
    ``prediction`` decides: ``mean``, or ``sampled`` with noise that is a function of the picture (see
    ``picture_noise``): another picture, other noise, as in the published code, but the same answer to the
    same question.
    """

    def __init__(self, before: nn.Module, features: int, prediction: Prediction) -> None:
        super().__init__()
        self.before = before
        self.width = features // 2
        self.encoder = nn.Linear(features, 2 * self.width)
        self.prediction = prediction

    def distribution(self, activations: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log sigma, both (B, k), from the output of the last unit."""
        mean, raw = self.encoder(self.before(activations)).chunk(2, dim=1)
        return mean, log_softplus(raw - SHIFT)

    def answer(self, mean: Tensor, log_sigma: Tensor, pictures: Tensor) -> Tensor:
        """Return the feature (B, k); ``pictures`` (B, ...) decide the noise outside of training."""
        if self.training:
            return mean + log_sigma.exp() * torch.randn_like(mean)
        if self.prediction == "mean":
            return mean
        return mean + log_sigma.exp() * picture_noise(pictures, self.width).to(mean.dtype)

    def forward(self, activations: Tensor) -> Tensor:
        """Return the feature from the output of the last unit, which here also decides the noise."""
        return self.answer(*self.distribution(activations), activations)


class BottleneckTarget(TargetModel):
    """A target whose neck is a ``Bottleneck``; units, normalisation and hidden units are those of ``model``.

    ``model`` gives its units away and is not to be used afterwards.
    """

    neck: Bottleneck

    def __init__(self, model: TargetModel, prediction: Prediction) -> None:
        super().__init__()
        self.register_buffer("mean", model.mean)
        self.register_buffer("std", model.std)
        self.units = model.units
        self.hidden_units = model.hidden_units
        self.neck = Bottleneck(model.before_bottleneck(), model.head.in_features, prediction)
        self.head = nn.Linear(self.neck.width, model.head.out_features)

    def from_unit(self, activations: Tensor, depth: int) -> TargetOutput:
        """Return feature and logits from the output of the first ``depth`` units (0: normalised input).

        Outside of training the noise is a function of ``activations``, so that it is the picture's at depth
        0.
        """
        trace = self.trace_from(activations, depth, with_hidden=False)
        return TargetOutput(trace.feature, trace.logits)

    def trace_from(self, activations: Tensor, depth: int, with_hidden: bool) -> Trace:
        """Return feature and logits; ``made`` holds ``mean`` and ``log_sigma`` (B, k) of the bottleneck."""
        entered = activations
        activations, hidden = self.run_units(activations, depth, with_hidden)
        mean, log_sigma = self.neck.distribution(activations)
        feature = self.neck.answer(mean, log_sigma, entered)
        made = {"mean": mean, "log_sigma": log_sigma}
        return Trace([*hidden, feature] if with_hidden else [], feature, self.head(feature), made)


def with_bottleneck(model: TargetModel, prediction: Prediction) -> BottleneckTarget:
    """Return ``model`` in its variational form; encoder and head are new, the units are those of ``model``.

    Layers of the neck that the published variational networks drop (VGG16: BatchNorm1d; ResNet-34: ReLU and
    BatchNorm1d) are left out, see ``TargetModel.bottleneck_after``. New weights come from the global
    generator.

    >>> from trainables.models.vgg16 import vgg16
    >>> with torch.device("meta"):
    ...     with_bottleneck(vgg16(1000), "mean").theta_t
    19944488
    """
    return BottleneckTarget(model, prediction)


def log_softplus(values: Tensor) -> Tensor:
    """Return log(log(1 + exp(values))), finite and with finite gradients for every finite value.

    >>> log_softplus(torch.tensor([-300.0, 0.0]))
    tensor([-300.0000,   -0.3665])
    """
    linear = values < LINEAR_BELOW
    low = torch.where(linear, values, LINEAR_BELOW)
    high = torch.where(linear, LINEAR_BELOW, values)
    return torch.where(linear, low - low.exp() / 2, F.softplus(high).log())


def divergence_from_normal(mean: Tensor, log_sigma: Tensor) -> Tensor:
    """Return KL(N(mean, sigma) || N(0, 1)) of (B, k), summed over k and averaged over the batch: a scalar.

    -1/2 sum (1 + 2 log sigma - mean^2 - sigma^2).

    >>> divergence_from_normal(torch.zeros(4, 3), torch.zeros(4, 3)).item()
    0.0
    """
    terms = mean.square() + (2 * log_sigma).exp() - 1 - 2 * log_sigma
    return terms.sum(1).mean() / 2
