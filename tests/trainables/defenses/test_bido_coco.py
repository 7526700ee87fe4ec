"""BiDO-COCO: the measure is COCO of each hidden layer."""

import numpy as np
import pytest
import torch

from search_spaces.defenses.bido import BiDOCOCO
from tests.trainables.defenses.bido_objective import BiDOObjective
from tests.trainables.defenses.test_dependence import slow_coco, slow_gaussian
from tldmi_sweep.testing.defense_contract import DATA, DefenseContract, fresh_target
from trainables.training.accuracy import unit_range


class TestBiDOCOCO(BiDOObjective, DefenseContract):
    settings = BiDOCOCO(lambda_x=1.0, lambda_y=10.0)
    strong_x, strong_y = 100.0, 100.0

    def test_dependences_are_sums_over_the_hidden_layers(self) -> None:
        train = DATA.private_train
        images, labels = unit_range(train.images[::3]), train.labels[::3]
        layers = fresh_target().trace(images, True).hidden
        kernels = [slow_gaussian(layer.detach().flatten(1).double().numpy()) for layer in layers]
        of_images = slow_gaussian(images.flatten(1).double().numpy())
        of_labels = (labels[:, None] == labels).double().numpy()
        loss = self.batch_loss(fresh_target())
        assert loss.values["dependence_x"].item() == pytest.approx(
            sum(slow_coco(kernel, of_images) for kernel in kernels), rel=1e-4
        )
        assert loss.values["dependence_y"].item() == pytest.approx(
            sum(slow_coco(kernel, of_labels) for kernel in kernels), rel=1e-4
        )

    def test_a_layer_that_is_constant_has_no_gradient(self) -> None:
        """All rows equal: COCO is 0, where its square root has no derivative."""
        model = fresh_target()
        with torch.no_grad():
            model.units["conv1"][1].weight.zero_()
        loss = self.batch_loss(model)
        loss.total.backward()
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        assert all(np.isfinite(gradient.numpy()).all() for gradient in gradients)
