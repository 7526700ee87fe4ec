"""BiDO with HSIC (Peng et al., KDD 2022): hidden layers depend little on x and much on y."""

import torch
from torch import Tensor

from trainables.defenses.defense import DefenseLoss, forward_from, plain_loss
from trainables.defenses.dependence import dependence, gaussian_kernel, label_kernel, normalised
from trainables.models.target_model import HiddenOutput, TargetModel


class BiDOHSIC:
    """CE + sum_j (lambda_x d(z_j, x) - lambda_y d(z_j, y)) over the hidden layers z_j of T.

    The supplement's Table 10 prints +lambda_y; its text and the published code maximise d(z, y).
    """

    def __init__(self, lambda_x: float, lambda_y: float) -> None:
        self.lambda_x = lambda_x
        self.lambda_y = lambda_y

    def prepare(self, model: TargetModel) -> None:
        """Freeze nothing."""

    def train_mode(self, model: TargetModel) -> None:
        """Put ``model`` into training mode."""
        model.train()

    def loss(self, model: TargetModel, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the loss of ``images`` (B, C, S, S) in [0, 1]; x is the images, y the one-hot labels."""
        return self.loss_of(forward_from(model, images, 0), images, labels, num_classes)

    def loss_of(self, output: HiddenOutput, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the loss of an ``output`` already computed.

        Hidden layers without a graph get no gradient.
        """
        with torch.no_grad():
            of_images = normalised(gaussian_kernel(images))
            of_labels = normalised(label_kernel(labels, num_classes))
        hidden = normalised(torch.stack([gaussian_kernel(layer) for layer in output.hidden]))
        on_x, on_y = dependence(hidden, of_images), dependence(hidden, of_labels)
        plain = plain_loss(output.logits, labels)
        penalty = self.lambda_x * on_x - self.lambda_y * on_y
        return plain._replace(
            total=plain.total + penalty.to(plain.total.dtype),
            dependence_x=on_x.detach(),
            dependence_y=on_y.detach(),
        )
