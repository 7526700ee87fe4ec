"""BiDO-HSIC: the measure is the normalised HSIC of each hidden layer."""

import pytest

from search_spaces.defenses.bido import BiDOHSIC
from tests.trainables.defenses.bido_objective import BiDOObjective
from tldmi_sweep.testing.defense_contract import CLASSES, DATA, DefenseContract, fresh_target
from trainables.defenses.dependence import dependence, gaussian_kernel, label_kernel, normalised
from trainables.training.accuracy import unit_range


class TestBiDOHSIC(BiDOObjective, DefenseContract):
    settings = BiDOHSIC(lambda_x=0.05, lambda_y=0.5)
    strong_x, strong_y = 0.2, 1.0

    def test_dependences_are_sums_over_the_hidden_layers(self) -> None:
        train = DATA.private_train
        images, labels = unit_range(train.images[::3]), train.labels[::3]
        hidden = fresh_target().trace(images, True).hidden
        kernels = [normalised(gaussian_kernel(layer)) for layer in hidden]
        loss = self.batch_loss(fresh_target())
        assert len(hidden) == 5
        on_x = sum(dependence(kernel, normalised(gaussian_kernel(images))).item() for kernel in kernels)
        on_y = sum(dependence(kernel, normalised(label_kernel(labels, CLASSES))).item() for kernel in kernels)
        assert loss.values["dependence_x"].item() == pytest.approx(on_x, rel=1e-6)
        assert loss.values["dependence_y"].item() == pytest.approx(on_y, rel=1e-6)
