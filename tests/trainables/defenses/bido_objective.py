"""What holds for BiDO whatever the measure: the signs, the layers, and what minimising does."""

import pytest
import torch

from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOCOCO, BiDOHSIC
from tldmi_sweep.testing.defense_contract import CLASSES, DATA, DefenseContract, fresh_target
from trainables.defenses import build_defense
from trainables.implementations import implementation_of
from trainables.objective import BatchLoss
from trainables.training.accuracy import unit_range

BiDOSettings = BiDOHSIC | BiDOCOCO


def after_steps(defense: Defense, measure: Defense, steps: int = 10) -> BatchLoss:
    """Return the loss, with dependences, of one batch on which a target was trained for ``steps``.

    Its labels are drawn at random: with the true ones d(z, y) is at its upper end before any training.
    """
    model, images = fresh_target(), unit_range(DATA.private_train.images)
    labels = DATA.private_train.labels[torch.randperm(24, generator=torch.Generator().manual_seed(0))]
    built = build_defense(defense, 0)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        built.loss(model, images, labels, CLASSES).total.backward()
        optimizer.step()
    return build_defense(measure, 0).loss(model, images, labels, CLASSES)


def gradients(defense: Defense) -> list[torch.Tensor]:
    """Return the gradients of a fresh target on all pictures."""
    model, train = fresh_target(), DATA.private_train
    build_defense(defense, 0).loss(model, unit_range(train.images), train.labels, CLASSES).total.backward()
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


class BiDOObjective(DefenseContract):
    """Inherited by the test class of each measure."""

    settings: BiDOSettings
    strong_x: float
    """A lambda_x under which ten steps lower d(z, x) plainly."""
    strong_y: float

    def measured(self, lambda_x: float, lambda_y: float) -> BatchLoss:
        return after_steps(self.weighted(lambda_x, lambda_y), self.weighted(0.0, 0.0))

    def weighted(self, lambda_x: float, lambda_y: float) -> Defense:
        """Return the defence with these weights."""
        return Defense.of(self.settings.model_copy(update={"lambda_x": lambda_x, "lambda_y": lambda_y}))

    def test_the_total_adds_x_and_subtracts_y(self) -> None:
        loss = self.batch_loss(fresh_target())
        expected = (
            loss.values["cross_entropy"]
            + self.settings.lambda_x * loss.values["dependence_x"]
            - self.settings.lambda_y * loss.values["dependence_y"]
        )
        assert loss.total.item() == pytest.approx(expected.item(), rel=1e-6)
        assert "kl" not in loss.values

    def test_minimising_lowers_the_dependence_on_x(self) -> None:
        plain, defended = self.measured(0.0, 0.0), self.measured(self.strong_x, 0.0)
        assert defended.values["dependence_x"] < 0.9 * plain.values["dependence_x"]

    def test_minimising_raises_the_dependence_on_y(self) -> None:
        plain, defended = self.measured(0.0, 0.0), self.measured(0.0, self.strong_y)
        assert defended.values["dependence_y"] > 1.05 * plain.values["dependence_y"]

    def test_without_weights_the_gradient_is_that_of_no_defence(self) -> None:
        pairs = zip(gradients(Defense()), gradients(self.weighted(0.0, 0.0)), strict=True)
        assert all(torch.equal(*pair) for pair in pairs)

    def test_half_precision_is_widened(self) -> None:
        """bfloat16 layers, with autocast on, give the dependences of the same numbers in float32."""
        model = fresh_target().eval()
        train = DATA.private_train
        images, labels = unit_range(train.images), train.labels
        rounded = [layer.detach().bfloat16() for layer in model.trace(images, True).hidden]
        part = implementation_of(type(self.settings))(self.settings, 0)
        with torch.autocast("cpu", torch.bfloat16):
            found = part.dependences(rounded, images, labels, CLASSES)
        assert found == part.dependences([layer.float() for layer in rounded], images, labels, CLASSES)
