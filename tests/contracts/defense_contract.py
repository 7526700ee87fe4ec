"""What every defence must do; a test class inherits this and gives ``kind`` and ``settings``."""

import math

import pytest
import torch

from search_spaces.defenses import DefenseSettings, NoDef
from search_spaces.targets import TargetSettings
from tests.fixtures.tiny_faces import tiny_face_data
from trainables.defenses import Defense, DefenseLoss, build_defense
from trainables.models import build_target
from trainables.models.target_model import TargetModel
from trainables.training.accuracy import accuracy, unit_range
from trainables.training.recipe import Recipe
from trainables.training.training import Training

CLASSES = 4
RECIPE = Recipe(epochs=10, batch_size=8, learning_rate=5e-3, weight_decay=1e-4)
DATA = tiny_face_data(CLASSES, resolution=16)


def fresh_target(defense: DefenseSettings | None = None) -> TargetModel:
    """Return a small target whose initial weights are always the same."""
    settings = TargetSettings(architecture="small_vgg")
    return build_target(settings, CLASSES, 16, seed=3, defense=defense or NoDef())


def train(defense: DefenseSettings, recipe: Recipe = RECIPE, seed: int = 5) -> TargetModel:
    """Return a small target trained under ``defense``."""
    model, objective = fresh_target(defense), build_defense(defense)
    objective.prepare(model)
    Training(model, objective, recipe, DATA.private_train, CLASSES, seed).run()
    return model


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
        return train(cls.settings)

    def defense(self) -> Defense:
        return build_defense(self.settings)

    def prepared(self) -> TargetModel:
        model = fresh_target(self.settings)
        self.defense().prepare(model)
        return model

    def batch_loss(self, model: TargetModel) -> DefenseLoss:
        train = DATA.private_train
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return self.defense().loss(model, unit_range(train.images[::3]), train.labels[::3], CLASSES)

    def test_settings_name_this_defence(self) -> None:
        assert self.settings.kind == self.kind

    def test_loss_is_a_finite_scalar_with_logits_per_picture(self) -> None:
        loss = self.batch_loss(self.prepared())
        assert loss.total.shape == loss.cross_entropy.shape == ()
        assert math.isfinite(loss.total.item())
        assert loss.logits.shape == (8, CLASSES)

    def test_only_the_total_carries_a_gradient(self) -> None:
        total, *others = self.batch_loss(self.prepared())
        assert total.requires_grad
        assert not any(part.requires_grad for part in others if part is not None)

    def test_cross_entropy_is_the_one_of_the_logits(self) -> None:
        loss = self.batch_loss(self.prepared())
        labels = DATA.private_train.labels[::3]
        by_hand = -loss.logits.double().log_softmax(1)[torch.arange(8), labels].mean()
        assert loss.cross_entropy.item() == pytest.approx(by_hand.item(), rel=1e-5)

    def test_both_dependences_or_none(self) -> None:
        loss = self.batch_loss(self.prepared())
        assert (loss.dependence_x is None) == (loss.dependence_y is None)

    def test_train_mode_puts_the_trained_part_into_training_mode(self) -> None:
        model = self.prepared().eval()
        self.defense().train_mode(model)
        assert model.training
        assert model.neck.training
        assert model.head.training

    def test_gradients_are_those_of_the_parameters_that_are_trained(self) -> None:
        model = self.prepared()
        self.batch_loss(model).total.backward()
        assert all(
            (parameter.grad is not None) == parameter.requires_grad for parameter in model.parameters()
        )

    def test_it_learns_easy_classes(self, trained: TargetModel) -> None:
        test = DATA.private_test
        assert accuracy(trained, test.images, test.labels) >= 0.75

    def test_what_is_trained_changes_and_nothing_else(self, trained: TargetModel) -> None:
        before = dict(self.prepared().named_parameters())
        for name, value in trained.named_parameters():
            assert torch.equal(value, before[name]) == (not before[name].requires_grad), name
        assert before["head.weight"].requires_grad

    def test_the_same_bits_whatever_the_global_generator(self, trained: TargetModel) -> None:
        torch.manual_seed(12345)
        again = train(self.settings).state_dict()
        assert all(torch.equal(tensor, again[name]) for name, tensor in trained.state_dict().items())

    def test_training_leaves_the_global_generator_alone(self) -> None:
        before = torch.get_rng_state()
        train(self.settings, Recipe(epochs=1, batch_size=12, learning_rate=0.01), seed=1)
        assert torch.equal(before, torch.get_rng_state())
