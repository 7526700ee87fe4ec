"""BiDO (Peng et al., KDD 2022): hidden layers depend little on x and much on y, by any measure."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from trainables.defenses.defense import DefenseLoss, plain_loss
from trainables.defenses.dependence import gaussian_kernel, gaussian_kernels, label_kernel
from trainables.models.target_model import HiddenOutput, TargetModel


class Measure(NamedTuple):
    """A dependence measure of kernels (..., m, m)."""

    prepared: Callable[[Tensor], Tensor]
    """What is computed once for each kernel."""
    between: Callable[[Tensor, Tensor], Tensor]
    """The dependence of two prepared kernels, summed over the leading dimensions."""


class BiDO:
    """CE + sum_j (lambda_x d(z_j, x) - lambda_y d(z_j, y)) over the hidden layers z_j of T.

    The supplement's Table 10 prints +lambda_y; its text and the published code maximise d(z, y). Terms of
    frozen layers count but carry no gradient.
    """

    from_prefix = False

    def __init__(self, lambda_x: float, lambda_y: float, measure: Measure) -> None:
        self.lambda_x = lambda_x
        self.lambda_y = lambda_y
        self.measure = measure

    def prepare(self, model: TargetModel) -> None:
        """Freeze nothing."""

    def train_mode(self, model: TargetModel) -> None:
        """Put ``model`` into training mode."""
        model.train()

    def loss(self, model: TargetModel, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the loss of ``images`` (B, C, S, S) in [0, 1]; x is the images, y the one-hot labels."""
        output = model.forward_hidden(images)
        on_x, on_y = self.dependences(output, images, labels, num_classes)
        plain = plain_loss(output.logits, labels)
        penalty = self.lambda_x * on_x - self.lambda_y * on_y
        return plain._replace(
            total=plain.total + penalty.to(plain.total.dtype),
            dependence_x=on_x.detach(),
            dependence_y=on_y.detach(),
        )

    def dependences(
        self, output: HiddenOutput, images: Tensor, labels: Tensor, num_classes: int
    ) -> tuple[Tensor, Tensor]:
        """Return sum_j d(z_j, x) and sum_j d(z_j, y) of one batch, float64 scalars."""
        prepared, between = self.measure
        with torch.no_grad():
            of_images = prepared(gaussian_kernel(images))
            of_labels = prepared(label_kernel(labels, num_classes))
        hidden = prepared(gaussian_kernels(output.hidden))
        return between(hidden, of_images), between(hidden, of_labels)
