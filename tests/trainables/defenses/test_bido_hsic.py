"""BiDO-HSIC: the objective's signs and layers."""

import pytest
import torch

from search_spaces.defenses import BiDOHSIC, NoDef
from tests.contracts.defense_contract import CLASSES, DATA, DefenseContract, fresh_target
from trainables.defenses import DefenseLoss, build_defense
from trainables.defenses.dependence import dependence, gaussian_kernel, label_kernel, normalised
from trainables.training import unit_range


def after_steps(settings: BiDOHSIC | NoDef, steps: int = 10) -> DefenseLoss:
    """Return the loss, with dependences, of one batch on which a target was trained for ``steps``.

    Its labels are drawn at random: with the true ones d(z, y) is at its upper end before any training.
    """
    model, images = fresh_target(), unit_range(DATA.private_train.images)
    labels = DATA.private_train.labels[torch.randperm(24, generator=torch.Generator().manual_seed(0))]
    defense, measure = build_defense(settings), build_defense(BiDOHSIC(lambda_x=0, lambda_y=0))
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        defense.loss(model, images, labels, CLASSES).total.backward()
        optimizer.step()
    return measure.loss(model, images, labels, CLASSES)


class TestBiDOHSIC(DefenseContract):
    kind = "bido_hsic"
    settings = BiDOHSIC(lambda_x=0.05, lambda_y=0.5)

    def test_the_total_adds_x_and_subtracts_y(self) -> None:
        loss = self.batch_loss(fresh_target())
        assert loss.dependence_x is not None
        assert loss.dependence_y is not None
        expected = loss.cross_entropy + 0.05 * loss.dependence_x - 0.5 * loss.dependence_y
        assert loss.total.item() == pytest.approx(expected.item(), rel=1e-6)

    def test_dependences_are_sums_over_the_hidden_layers(self) -> None:
        train = DATA.private_train
        images, labels = unit_range(train.images[::3]), train.labels[::3]
        hidden = fresh_target().forward_hidden(images).hidden
        kernels = [normalised(gaussian_kernel(layer)) for layer in hidden]
        loss = self.batch_loss(fresh_target())
        assert len(hidden) == 5
        on_x = sum(dependence(kernel, normalised(gaussian_kernel(images))).item() for kernel in kernels)
        on_y = sum(dependence(kernel, normalised(label_kernel(labels, CLASSES))).item() for kernel in kernels)
        assert loss.dependence_x is not None
        assert loss.dependence_x.item() == pytest.approx(on_x, rel=1e-6)
        assert loss.dependence_y is not None
        assert loss.dependence_y.item() == pytest.approx(on_y, rel=1e-6)

    def test_minimising_lowers_the_dependence_on_x(self) -> None:
        plain, defended = after_steps(NoDef()), after_steps(BiDOHSIC(lambda_x=0.2, lambda_y=0))
        assert plain.dependence_x is not None
        assert defended.dependence_x is not None
        assert defended.dependence_x < 0.9 * plain.dependence_x

    def test_minimising_raises_the_dependence_on_y(self) -> None:
        plain, defended = after_steps(NoDef()), after_steps(BiDOHSIC(lambda_x=0, lambda_y=1.0))
        assert plain.dependence_y is not None
        assert defended.dependence_y is not None
        assert defended.dependence_y > 1.05 * plain.dependence_y

    def test_without_weights_the_gradient_is_that_of_no_defence(self) -> None:
        train = DATA.private_train
        gradients = []
        for settings in (NoDef(), BiDOHSIC(lambda_x=0, lambda_y=0)):
            model = fresh_target()
            build_defense(settings).loss(
                model, unit_range(train.images), train.labels, CLASSES
            ).total.backward()
            gradients.append(
                [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
            )
        assert all(torch.equal(*pair) for pair in zip(*gradients, strict=True))
