"""What every defence must do; a test class inherits this and gives ``kind`` and ``settings``."""

import math

import pytest
import torch

from search_spaces.defenses import DefenseSettings
from tests.fixtures.tiny_faces import tiny_face_data
from trainables.defenses import Defense, DefenseLoss, build_defense
from trainables.models.small_vgg import small_vgg
from trainables.models.target_model import TargetModel
from trainables.training import Recipe, Training, accuracy, unit_range

CLASSES = 4
RECIPE = Recipe(epochs=10, batch_size=8, learning_rate=5e-3, weight_decay=1e-4)
DATA = tiny_face_data(CLASSES, resolution=16)


def fresh_target() -> TargetModel:
    """Return a small target whose initial weights are always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return small_vgg(CLASSES, 16)


class DefenseContract:
    """Behaviour shared by all defences."""

    kind: str
    settings: DefenseSettings

    @pytest.fixture(autouse=True)
    def _one_thread(self) -> None:
        torch.set_num_threads(1)

    @pytest.fixture(scope="class")
    @classmethod
    def trained(cls) -> TargetModel:
        torch.set_num_threads(1)
        return cls().train()

    def defense(self) -> Defense:
        return build_defense(self.settings)

    def train(self) -> TargetModel:
        model, defense = fresh_target(), self.defense()
        defense.prepare(model)
        Training(model, defense, RECIPE, DATA.private_train, CLASSES, seed=5).run()
        return model

    def batch_loss(self, model: TargetModel) -> DefenseLoss:
        train = DATA.private_train
        return self.defense().loss(model, unit_range(train.images[::3]), train.labels[::3], CLASSES)

    def test_settings_name_this_defence(self) -> None:
        assert self.settings.kind == self.kind

    def test_loss_is_a_finite_scalar_with_logits_per_picture(self) -> None:
        loss = self.batch_loss(fresh_target())
        assert loss.total.shape == loss.cross_entropy.shape == ()
        assert math.isfinite(loss.total.item())
        assert loss.logits.shape == (8, CLASSES)

    def test_only_the_total_carries_a_gradient(self) -> None:
        total, *others = self.batch_loss(fresh_target())
        assert total.requires_grad
        assert not any(part.requires_grad for part in others if part is not None)

    def test_cross_entropy_is_the_one_of_the_logits(self) -> None:
        loss = self.batch_loss(fresh_target())
        labels = DATA.private_train.labels[::3]
        by_hand = -loss.logits.double().log_softmax(1)[torch.arange(8), labels].mean()
        assert loss.cross_entropy.item() == pytest.approx(by_hand.item(), rel=1e-5)

    def test_both_dependences_or_none(self) -> None:
        loss = self.batch_loss(fresh_target())
        assert (loss.dependence_x is None) == (loss.dependence_y is None)

    def test_train_mode_puts_the_trained_part_into_training_mode(self) -> None:
        model, defense = fresh_target().eval(), self.defense()
        defense.prepare(model)
        defense.train_mode(model)
        assert model.training
        assert model.neck.training
        assert model.head.training

    def test_it_learns_easy_classes(self, trained: TargetModel) -> None:
        test = DATA.private_test
        assert accuracy(trained, test.images, test.labels) >= 0.75

    def test_the_head_is_trained_and_the_bias_of_the_neck_stays_zero(self, trained: TargetModel) -> None:
        assert not torch.equal(trained.head.weight, fresh_target().head.weight)
        assert torch.count_nonzero(trained.neck[1].bias) == 0

    def test_the_same_bits_whatever_the_global_generator(self, trained: TargetModel) -> None:
        torch.manual_seed(12345)
        again = self.train().state_dict()
        assert all(torch.equal(tensor, again[name]) for name, tensor in trained.state_dict().items())

    def test_training_leaves_the_global_generator_alone(self) -> None:
        before = torch.get_rng_state()
        defense, model = self.defense(), fresh_target()
        recipe = Recipe(epochs=1, batch_size=12, learning_rate=0.01)
        Training(model, defense, recipe, DATA.private_train, CLASSES, seed=1).run()
        assert torch.equal(before, torch.get_rng_state())
