"""MID: the loss adds the divergence of the bottleneck, and only a T with one can be trained."""

import pytest
import torch

from search_spaces.defenses import Defense
from search_spaces.defenses.mid import MID
from tldmi_sweep.testing.defense_contract import CLASSES, DATA, DefenseContract, train
from trainables.models.bottleneck import BottleneckTarget
from trainables.models.target_model import TargetModel
from trainables.training.accuracy import accuracy, unit_range


def divergence(model: TargetModel) -> float:
    """Return the KL of all training pictures, in eval mode, by torch's own distributions."""
    assert isinstance(model, BottleneckTarget)
    with torch.no_grad():
        output = model.eval().trace(unit_range(DATA.private_train.images), False).made
    found = torch.distributions.Normal(output["mean"].double(), output["log_sigma"].double().exp())
    standard = torch.distributions.Normal(torch.zeros(()).double(), torch.ones(()).double())
    return float(torch.distributions.kl_divergence(found, standard).sum(1).mean())


class TestMID(DefenseContract):
    settings = Defense.of(MID(lambda_mid=0.003))

    def test_the_total_adds_the_divergence(self) -> None:
        loss = self.batch_loss(self.prepared())
        assert loss.total.item() == pytest.approx(
            (loss.values["cross_entropy"] + 0.003 * loss.values["kl"]).item(), rel=1e-6
        )

    def test_the_divergence_is_that_of_torch(self) -> None:
        model = self.prepared().eval()
        images, labels = unit_range(DATA.private_train.images), DATA.private_train.labels
        loss = self.built().loss(model, images, labels, CLASSES)
        assert loss.values["kl"].item() == pytest.approx(divergence(model), rel=1e-4)

    def test_minimising_bounds_the_divergence(self) -> None:
        tight, loose = train(Defense.of(MID(lambda_mid=0.1))), train(Defense.of(MID(lambda_mid=0.0)))
        assert divergence(tight) < 0.1 * divergence(loose)

    def test_two_batches_draw_other_samples(self) -> None:
        model, images = self.prepared(), unit_range(DATA.private_train.images)
        labels = DATA.private_train.labels
        first, second = (self.built().loss(model, images, labels, CLASSES) for _ in range(2))
        assert not torch.equal(first.logits, second.logits)

    def test_the_mean_predicts_too(self) -> None:
        model = train(Defense.of(MID(lambda_mid=0.003, prediction="mean")))
        assert accuracy(model, DATA.private_test.images, DATA.private_test.labels) >= 0.75
