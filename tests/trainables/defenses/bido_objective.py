"""What holds for BiDO whatever the measure: the signs, the layers, and what minimising does."""

import pytest
import torch

from search_spaces.defenses import BiDOCOCO, BiDOHSIC, NoDef
from tests.contracts.defense_contract import CLASSES, DATA, DefenseContract, fresh_target
from trainables.defenses import DefenseLoss, build_defense
from trainables.training.accuracy import unit_range

BiDOSettings = BiDOHSIC | BiDOCOCO


def after_steps(settings: BiDOSettings | NoDef, measure: BiDOSettings, steps: int = 10) -> DefenseLoss:
    """Return the loss, with dependences, of one batch on which a target was trained for ``steps``.

    Its labels are drawn at random: with the true ones d(z, y) is at its upper end before any training.
    """
    model, images = fresh_target(), unit_range(DATA.private_train.images)
    labels = DATA.private_train.labels[torch.randperm(24, generator=torch.Generator().manual_seed(0))]
    defense = build_defense(settings)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        defense.loss(model, images, labels, CLASSES).total.backward()
        optimizer.step()
    return build_defense(measure).loss(model, images, labels, CLASSES)


def gradients(settings: BiDOSettings | NoDef) -> list[torch.Tensor]:
    """Return the gradients of a fresh target on all pictures."""
    model, train = fresh_target(), DATA.private_train
    build_defense(settings).loss(model, unit_range(train.images), train.labels, CLASSES).total.backward()
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


class BiDOObjective(DefenseContract):
    """Inherited by the test class of each measure."""

    settings: BiDOSettings
    strong_x: float
    """A lambda_x under which ten steps lower d(z, x) plainly."""
    strong_y: float

    def measured(self, lambda_x: float, lambda_y: float) -> DefenseLoss:
        unweighted = self.settings.model_copy(update={"lambda_x": 0.0, "lambda_y": 0.0})
        weighted = self.settings.model_copy(update={"lambda_x": lambda_x, "lambda_y": lambda_y})
        return after_steps(weighted, unweighted)

    def test_the_total_adds_x_and_subtracts_y(self) -> None:
        loss = self.batch_loss(fresh_target())
        assert loss.dependence_x is not None
        assert loss.dependence_y is not None
        expected = (
            loss.cross_entropy
            + self.settings.lambda_x * loss.dependence_x
            - self.settings.lambda_y * loss.dependence_y
        )
        assert loss.total.item() == pytest.approx(expected.item(), rel=1e-6)
        assert loss.kl is None

    def test_minimising_lowers_the_dependence_on_x(self) -> None:
        plain, defended = self.measured(0.0, 0.0), self.measured(self.strong_x, 0.0)
        assert plain.dependence_x is not None
        assert defended.dependence_x is not None
        assert defended.dependence_x < 0.9 * plain.dependence_x

    def test_minimising_raises_the_dependence_on_y(self) -> None:
        plain, defended = self.measured(0.0, 0.0), self.measured(0.0, self.strong_y)
        assert plain.dependence_y is not None
        assert defended.dependence_y is not None
        assert defended.dependence_y > 1.05 * plain.dependence_y

    def test_without_weights_the_gradient_is_that_of_no_defence(self) -> None:
        unweighted = self.settings.model_copy(update={"lambda_x": 0.0, "lambda_y": 0.0})
        pairs = zip(gradients(NoDef()), gradients(unweighted), strict=True)
        assert all(torch.equal(*pair) for pair in pairs)

    def test_half_precision_is_widened(self) -> None:
        """bfloat16 layers, with autocast on, give the dependences of the same numbers in float32."""
        model = fresh_target().eval()
        train = DATA.private_train
        images, labels = unit_range(train.images), train.labels
        output = model.forward_hidden(images)
        rounded = [layer.detach().bfloat16() for layer in output.hidden]
        defense = build_defense(self.settings)
        with torch.autocast("cpu", torch.bfloat16):
            found = defense.dependences(output._replace(hidden=rounded), images, labels, CLASSES)
        wide = output._replace(hidden=[layer.float() for layer in rounded])
        assert found == defense.dependences(wide, images, labels, CLASSES)
