"""What every part of a defence, and every product of parts, must do."""

import math
from typing import ClassVar

import pytest
import torch

from search_spaces.defenses import DEFENSE_PARTS, Defense, PartSettings
from search_spaces.defenses.freezing import TLDMI
from search_spaces.targets import TargetSettings
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.defenses import BuiltDefense, build_defense
from trainables.models import build_target
from trainables.models.target_model import TargetModel
from trainables.objective import BatchLoss
from trainables.training.accuracy import accuracy, unit_range
from trainables.training.recipe import Recipe
from trainables.training.training import Training

CLASSES = 4
SEED = 3
RECIPE = Recipe(epochs=10, batch_size=8, learning_rate=5e-3, weight_decay=1e-4)
DATA = tiny_face_data(CLASSES, resolution=16)


def fresh_target(defense: Defense | None = None, architecture: str = "small_vgg") -> TargetModel:
    """Return a small target, changed as ``defense`` says; its initial weights are always the same."""
    plain = build_target(TargetSettings(architecture=architecture), CLASSES, 16, SEED)
    return build_defense(defense or Defense(), SEED).network(plain)


def train(
    defense: Defense, recipe: Recipe = RECIPE, seed: int = 5, architecture: str = "small_vgg"
) -> TargetModel:
    """Return a small target trained under ``defense``."""
    built = build_defense(defense, SEED)
    model = built.network(build_target(TargetSettings(architecture=architecture), CLASSES, 16, SEED))
    built.prepare(model)
    Training(model, built, recipe, DATA.private_train, CLASSES, seed).run()
    return model


def batch_loss(built: BuiltDefense, model: TargetModel) -> BatchLoss:
    """Return the loss of eight pictures; the global generator, which bottlenecks draw from, is seeded."""
    pictures = DATA.private_train
    images, labels = unit_range(pictures.images[::3]), pictures.labels[::3]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return built.loss(model, built.pictures(images, labels), labels, CLASSES)


class DefenseContract:
    """Inherit it as ``class TestMine(DefenseContract): settings = Mine()``."""

    settings: ClassVar[PartSettings | Defense]
    """A part, or a whole defence."""
    architecture: ClassVar[str] = "small_vgg"
    """A network that the part can be used with."""

    @pytest.fixture(autouse=True)
    def _one_thread(self) -> None:
        torch.set_num_threads(1)

    @pytest.fixture(scope="class")
    @classmethod
    def trained(cls) -> TargetModel:
        """Return a target trained under the defence."""
        torch.set_num_threads(1)
        return train(cls.defense(), architecture=cls.architecture)

    @classmethod
    def defense(cls) -> Defense:
        """Return the defence: the part alone, or what is given."""
        return cls.settings if isinstance(cls.settings, Defense) else Defense.of(cls.settings)

    def built(self) -> BuiltDefense:
        """Return the parts, freshly built."""
        return build_defense(self.defense(), SEED)

    def prepared(self) -> TargetModel:
        """Return a fresh target, changed and frozen."""
        model = fresh_target(self.defense(), self.architecture)
        self.built().prepare(model)
        return model

    def batch_loss(self, model: TargetModel) -> BatchLoss:
        """Return the loss of one batch."""
        built = self.built()
        built.prepare(model)
        return batch_loss(built, model)

    def test_its_settings_are_the_same_written_as_a_list_and_flat(self) -> None:
        defense = self.defense()
        assert Defense.model_validate(defense.model_dump(mode="json")) == defense
        assert Defense.model_validate({"kind": defense.kind, **defense.flat()}) == defense

    def test_every_part_is_registered_and_says_how_it_is_called(self) -> None:
        for part in self.defense().parts:
            assert DEFENSE_PARTS[part.kind] is type(part)
            assert part.label
            assert part.summary()

    def test_loss_is_a_finite_scalar_with_logits_per_picture(self) -> None:
        loss = self.batch_loss(self.prepared())
        assert loss.total.shape == loss.values["cross_entropy"].shape == ()
        assert math.isfinite(loss.total.item())
        assert loss.logits.shape == (8, CLASSES)

    def test_only_the_total_carries_a_gradient(self) -> None:
        loss = self.batch_loss(self.prepared())
        assert loss.total.requires_grad
        assert not loss.logits.requires_grad
        assert not any(value.requires_grad for value in loss.values.values())

    def test_what_is_recorded_is_announced(self) -> None:
        announced = {name for part in self.defense().parts for name in part.curves}
        recorded = self.batch_loss(self.prepared()).values
        assert set(recorded) == {"cross_entropy"} | announced
        assert all(math.isfinite(float(value)) for value in recorded.values())

    def test_cross_entropy_is_the_one_of_the_logits(self) -> None:
        loss = self.batch_loss(self.prepared())
        labels = DATA.private_train.labels[::3]
        by_hand = -loss.logits.double().log_softmax(1)[torch.arange(8), labels].mean()
        assert loss.values["cross_entropy"].item() == pytest.approx(by_hand.item(), rel=1e-5)

    def test_pictures_keep_their_shape_and_range(self) -> None:
        train = DATA.private_train
        changed = self.built().pictures(unit_range(train.images), train.labels)
        assert changed.shape == train.images.shape
        assert changed.dtype == torch.float32
        low, high = changed.aminmax()
        assert low >= 0
        assert high <= 1

    def test_train_mode_puts_the_trained_part_into_training_mode(self) -> None:
        model = self.prepared().eval()
        self.built().train_mode(model)
        assert model.training
        assert model.neck.training
        assert model.head.training

    def test_gradients_are_those_of_the_parameters_that_are_trained(self) -> None:
        model = self.prepared()
        self.batch_loss(model).total.backward()  # type: ignore[no-untyped-call]
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
        again = train(self.defense(), architecture=self.architecture).state_dict()
        assert all(torch.equal(tensor, again[name]) for name, tensor in trained.state_dict().items())

    def test_training_leaves_the_global_generator_alone(self) -> None:
        before = torch.get_rng_state()
        recipe = Recipe(epochs=1, batch_size=12, learning_rate=0.01)
        train(self.defense(), recipe, seed=1, architecture=self.architecture)
        assert torch.equal(before, torch.get_rng_state())

    def test_a_state_that_is_restored_goes_on_as_before(self) -> None:
        first, second = self.built(), self.built()
        for built in (first, second):
            built.prepare(fresh_target(self.defense(), self.architecture))
        train = DATA.private_train
        first.pictures(unit_range(train.images), train.labels)
        second.restore(first.state())
        one, other = (built.pictures(unit_range(train.images), train.labels) for built in (first, second))
        assert torch.equal(one, other)
        assert first.state().keys() == second.state().keys()

    def test_it_goes_with_a_frozen_prefix(self) -> None:
        if any(part.slot == "freezing" for part in self.defense().parts):
            return
        product = Defense.of(TLDMI(freeze_depth=1), *self.defense().parts)
        model = fresh_target(product, self.architecture)
        built = build_defense(product, SEED)
        built.prepare(model)
        first = next(iter(model.units.values()))
        assert not any(parameter.requires_grad for parameter in first.parameters())
        batch_loss(built, model).total.backward()  # type: ignore[no-untyped-call]
        assert model.head.weight.grad is not None
