"""BiDO (Peng et al., KDD 2022): hidden layers depend little on x and much on y, by HSIC or COCO."""

from collections.abc import Callable
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from search_spaces.defenses.bido import BiDOCOCO, BiDOHSIC
from trainables.defenses.dependence import (
    centred,
    dependence,
    frobenius_coco,
    gaussian_kernel,
    gaussian_kernels,
    label_kernel,
    normalised,
)
from trainables.defenses.part import Batch, Part, Terms
from trainables.implementations import implements


class Measure(NamedTuple):
    """A dependence measure of kernels (..., m, m)."""

    prepared: Callable[[Tensor], Tensor]
    """What is computed once for each kernel."""
    between: Callable[[Tensor, Tensor], Tensor]
    """The dependence of two prepared kernels, summed over the leading dimensions."""


class Dependence(Part[BiDOHSIC | BiDOCOCO]):
    """CE + sum_j (lambda_x d(z_j, x) - lambda_y d(z_j, y)) over the hidden layers z_j of T.

    x is the images, y the one-hot labels. The supplement's Table 10 prints +lambda_y; its text and the
    published code maximise d(z, y). Terms of frozen layers count but carry no gradient.
    """

    needs_hidden = True
    needs_pictures = True
    measure: ClassVar[Measure]

    def terms(self, batch: Batch) -> Terms:
        """Return the penalty as ``dependence``; record both sums over the hidden layers."""
        on_x, on_y = self.dependences(batch.output.hidden, batch.images, batch.labels, batch.num_classes)
        penalty = self.settings.lambda_x * on_x - self.settings.lambda_y * on_y
        recorded = {"dependence_x": on_x.detach(), "dependence_y": on_y.detach()}
        return Terms({"dependence": penalty}, recorded)

    def dependences(
        self, layers: list[Tensor], images: Tensor, labels: Tensor, num_classes: int
    ) -> tuple[Tensor, Tensor]:
        """Return sum_j d(z_j, x) and sum_j d(z_j, y) of one batch, float64 scalars."""
        prepared, between = self.measure
        with torch.no_grad():
            of_images = prepared(gaussian_kernel(images))
            of_labels = prepared(label_kernel(labels, num_classes))
        hidden = prepared(gaussian_kernels(layers))
        return between(hidden, of_images), between(hidden, of_labels)


@implements(BiDOHSIC)
class HSICDependence(Dependence):
    """BiDO with the normalised HSIC: d(a, b) = Tr(R_a R_b), in [0, m - 1] for a batch of m."""

    measure = Measure(normalised, dependence)


@implements(BiDOCOCO)
class COCODependence(Dependence):
    """BiDO with COCO: d(a, b) = sqrt(||K~_a K~_b||_F) / m for a batch of m."""

    measure = Measure(centred, frobenius_coco)
