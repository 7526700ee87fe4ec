"""The supervised loop: recipes, curves, failures."""

import math

import pytest
import torch
from torch import Tensor, nn

from search_spaces.targets import TargetSettings
from tests.fixtures.tiny_faces import tiny_face_data
from trainables.datasets.dataset import LabelledImages
from trainables.defenses import DefenseLoss
from trainables.models.small_vgg import small_vgg
from trainables.models.target_model import TargetModel, TargetOutput
from trainables.training import Recipe, Training, TrainingFailed, accuracy, evaluating, unit_range

DATA = tiny_face_data(4, resolution=16)


class Linear(nn.Module):
    """Logits that are linear in the pixels, and a dropout layer."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.weight = nn.Parameter(torch.zeros(4, 3 * 16 * 16))

    def forward(self, images: Tensor) -> TargetOutput:
        feature = self.dropout(images.flatten(1))
        return TargetOutput(feature, feature @ self.weight.T)


class Objective:
    """Cross-entropy that keeps what it was given, and turns into ``last`` at the third batch."""

    def __init__(self, factor: float = 1.0, last: float = 0.0) -> None:
        self.factor, self.last = factor, last
        self.images: list[Tensor] = []
        self.labels: list[Tensor] = []
        self.losses: list[float] = []

    def train_mode(self, model: nn.Module) -> None:
        model.train()

    def loss(self, model: nn.Module, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        self.images.append(images)
        self.labels.append(labels)
        logits = model(images).logits
        total = torch.nn.functional.cross_entropy(logits, labels) * self.factor
        if len(self.images) == 3:
            total = total + self.last
        self.losses.append(total.item())
        return DefenseLoss(total, total.detach(), None, None, logits.detach())


def run(
    model: nn.Module,
    objective: Objective,
    recipe: Recipe,
    pictures: LabelledImages = DATA.private_train,
    seed: int = 1,
):
    torch.set_num_threads(1)
    return Training(model, objective, recipe, pictures, 4, seed).run()


def plain(epochs: int = 2, **changes: object) -> Recipe:
    return Recipe(**{"epochs": epochs, "batch_size": 8, "learning_rate": 0.01, "optimizer": "sgd", **changes})


def test_recipe_is_the_one_of_the_target_settings() -> None:
    settings = TargetSettings(
        architecture="small_vgg",
        epochs=7,
        batch_size=9,
        learning_rate=0.3,
        momentum=0.1,
        weight_decay=0.2,
        optimizer="adam",
        horizontal_flip=0.25,
        images_per_class_in_batch=3,
    )
    assert Recipe.of(settings) == Recipe(7, 9, 0.3, "adam", 0.1, 0.2, 0.25, 3)


def test_sgd_takes_the_textbook_steps() -> None:
    """Heavy-ball momentum with L2 weight decay, written out for full batches."""
    recipe = plain(3, batch_size=24, learning_rate=0.1, momentum=0.5, weight_decay=0.01, horizontal_flip=0.0)
    model, objective = Linear(), Objective()
    run(model, objective, recipe)
    weight, velocity = torch.zeros(4, 768, dtype=torch.float64), torch.zeros(4, 768, dtype=torch.float64)
    for images, labels in zip(objective.images, objective.labels, strict=True):
        rows = images.flatten(1).double()
        error = (rows @ weight.T).softmax(1) - torch.nn.functional.one_hot(labels, 4)
        velocity = 0.5 * velocity + error.T @ rows / len(rows) + 0.01 * weight
        weight = weight - 0.1 * velocity
    torch.testing.assert_close(model.weight.double(), weight, atol=1e-6, rtol=1e-5)


def test_adam_takes_the_textbook_steps() -> None:
    model, objective = Linear(), Objective()
    run(model, objective, plain(3, batch_size=24, optimizer="adam", learning_rate=0.03, horizontal_flip=0.0))
    weight, mean, square = (torch.zeros(4, 768, dtype=torch.float64) for _ in range(3))
    for step, (images, labels) in enumerate(zip(objective.images, objective.labels, strict=True), 1):
        rows = images.flatten(1).double()
        error = (rows @ weight.T).softmax(1) - torch.nn.functional.one_hot(labels, 4)
        gradient = error.T @ rows / len(rows)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        weight = weight - 0.03 * (mean / (1 - 0.9**step)) / ((square / (1 - 0.999**step)).sqrt() + 1e-8)
    torch.testing.assert_close(model.weight.double(), weight, atol=1e-4, rtol=1e-3)


def test_the_curve_holds_means_over_the_batches() -> None:
    recipe = plain(2, learning_rate=1e-12)
    curve = run(small_vgg(4, 16), Objective(factor=2.0), recipe)
    assert [row.epoch for row in curve] == [0, 1]
    assert all(row.learning_rate == 1e-12 for row in curve)
    assert all(row.dependence_x is None and row.dependence_y is None for row in curve)
    blank = run(Linear(), Objective(factor=2.0), plain(2, batch_size=24))
    assert blank[0].loss == pytest.approx(2 * math.log(4), rel=1e-5)
    assert blank[0].train_acc == 0.25


def test_the_curve_weighs_every_batch_alike() -> None:
    objective = Objective()
    curve = run(small_vgg(4, 16), objective, plain(1, batch_size=20, learning_rate=1e-12))
    assert [len(labels) for labels in objective.labels] == [20, 4]
    assert curve[0].loss == pytest.approx(sum(objective.losses) / 2, rel=1e-6)


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0.0), (1.0, 1.0), (0.5, 0.5)])
def test_pictures_are_mirrored_with_the_probability(probability: float, share: float) -> None:
    objective = Objective()
    run(Linear(), objective, plain(4, horizontal_flip=probability))
    known = {image.flatten().tobytes() for image in DATA.private_train.images.numpy()}
    shown = (torch.cat(objective.images) * 255).round().to(torch.uint8)
    mirrored = sum(image.flatten().tobytes() not in known for image in shown.numpy()) / len(shown)
    assert mirrored == pytest.approx(share, abs=0.15 if 0 < share < 1 else 0)


def test_mirroring_keeps_picture_and_label_together() -> None:
    objective = Objective()
    run(Linear(), objective, plain(1, horizontal_flip=1.0))
    owner = {
        image.flatten().tobytes(): int(k)
        for image, k in zip(
            DATA.private_train.images.flip(-1).numpy(), DATA.private_train.labels, strict=True
        )
    }
    shown = (torch.cat(objective.images) * 255).round().to(torch.uint8)
    assert [owner[image.flatten().tobytes()] for image in shown.numpy()] == torch.cat(
        objective.labels
    ).tolist()


def test_batches_of_classes_by_images_are_used() -> None:
    objective = Objective()
    run(Linear(), objective, plain(1, batch_size=4, images_per_class_in_batch=2))
    assert all(labels.unique(return_counts=True)[1].tolist() == [2, 2] for labels in objective.labels)


def test_dropout_repeats_whatever_the_global_generator() -> None:
    weights = []
    for state in (1, 2):
        torch.manual_seed(state)
        model = Linear(dropout=0.5)
        run(model, Objective(), plain())
        weights.append(model.weight)
        assert torch.initial_seed() == state
    assert torch.equal(*weights)


def test_another_seed_is_another_training() -> None:
    models = [Linear(), Linear()]
    for seed, model in enumerate(models):
        run(model, Objective(), plain(), seed=seed)
    assert not torch.equal(models[0].weight, models[1].weight)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_fails_with_the_epochs_before(value: float) -> None:
    with pytest.raises(TrainingFailed, match="loss is not finite in epoch 1") as failure:
        run(Linear(), Objective(last=value), plain(5, batch_size=12))
    assert [row.epoch for row in failure.value.curve] == [0]


def test_weights_that_are_not_finite_fail() -> None:
    with pytest.raises(TrainingFailed, match="weights are not finite after training: weight"):
        run(Linear(), Objective(factor=1e38), plain(1, batch_size=24, learning_rate=1e10))


def test_one_class_for_every_picture_fails() -> None:
    pictures = LabelledImages(torch.zeros_like(DATA.private_train.images), DATA.private_train.labels)
    with pytest.raises(TrainingFailed, match="collapsed: every training picture was given class 0"):
        run(Linear(), Objective(), plain(), pictures)


def test_the_model_is_left_in_eval_mode() -> None:
    model = small_vgg(4, 16)
    run(model, Objective(), plain(1))
    assert not any(module.training for module in model.modules())


def test_accuracy_counts_the_largest_logit() -> None:
    model = Linear()
    with torch.no_grad():
        model.weight[2] = 1.0
    images, labels = DATA.private_test.images, DATA.private_test.labels
    assert accuracy(model, images, labels) == 0.25
    assert accuracy(model, images[4:6], torch.tensor([2, 0])) == 0.5


def test_accuracy_leaves_modes_and_statistics_alone() -> None:
    model: TargetModel = small_vgg(4, 16).train()
    model.units["conv1"].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    accuracy(model, DATA.private_test.images, DATA.private_test.labels)
    assert model.training
    assert not model.units["conv1"].training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_accuracy_needs_pictures() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        accuracy(Linear(), DATA.private_test.images[:0], DATA.private_test.labels[:0])


def interrupted(model: Linear) -> None:
    with evaluating(model):
        assert not model.dropout.training
        raise RuntimeError("on purpose")


def test_modes_come_back_after_an_error() -> None:
    model = Linear()
    with pytest.raises(RuntimeError, match="on purpose"):
        interrupted(model)
    assert model.dropout.training


def test_only_8_bit_pictures_are_taken() -> None:
    with pytest.raises(TypeError, match=r"torch\.float32"):
        unit_range(torch.zeros(1, 3, 4, 4))
