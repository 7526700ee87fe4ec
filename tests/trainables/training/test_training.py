"""The supervised loop: recipes, curves, failures."""

import math

import pytest
import torch
from torch import Tensor, nn

from search_spaces.targets import UtilityFloor
from tests.trainables.linear_network import Linear
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.datasets.dataset import LabelledImages
from trainables.models.small_vgg import small_vgg
from trainables.objective import BatchLoss, Objective
from trainables.training.accuracy import accuracy
from trainables.training.curve import EpochRow
from trainables.training.recipe import Recipe
from trainables.training.training import Measured, Training, TrainingFailed

DATA = tiny_face_data(4, resolution=16)


class Recorded(Objective[nn.Module]):
    """Cross-entropy that keeps what it was given, and turns into ``last`` at the third batch."""

    def __init__(self, factor: float = 1.0, last: float = 0.0) -> None:
        self.factor, self.last = factor, last
        self.images: list[Tensor] = []
        self.labels: list[Tensor] = []
        self.losses: list[float] = []

    def loss(self, model: nn.Module, images: Tensor, labels: Tensor, num_classes: int) -> BatchLoss:
        self.images.append(images)
        self.labels.append(labels)
        logits = model(images).logits
        total = torch.nn.functional.cross_entropy(logits, labels) * self.factor
        if len(self.images) == 3:
            total = total + self.last
        self.losses.append(total.item())
        return BatchLoss(total, logits.detach(), {"cross_entropy": total.detach()})


def run(
    model: nn.Module,
    objective: Objective[nn.Module],
    recipe: Recipe,
    pictures: LabelledImages = DATA.private_train,
    seed: int = 1,
) -> list[EpochRow]:
    return training(model, objective, recipe, pictures, seed).run()


def training(
    model: nn.Module,
    objective: Objective[nn.Module],
    recipe: Recipe,
    pictures: LabelledImages = DATA.private_train,
    seed: int = 1,
    measured: Measured | None = None,
) -> Training[nn.Module]:
    torch.set_num_threads(1)
    return Training(model, objective, recipe, pictures, 4, seed, measured)


def plain(epochs: int = 2, **changes: object) -> Recipe:
    return Recipe(**{"epochs": epochs, "batch_size": 8, "learning_rate": 0.01, "optimizer": "sgd", **changes})


def test_sgd_takes_the_textbook_steps() -> None:
    """Heavy-ball momentum with L2 weight decay, written out for full batches."""
    recipe = plain(3, batch_size=24, learning_rate=0.1, momentum=0.5, weight_decay=0.01, horizontal_flip=0.0)
    model, objective = Linear(), Recorded()
    run(model, objective, recipe)
    weight, velocity = torch.zeros(4, 768, dtype=torch.float64), torch.zeros(4, 768, dtype=torch.float64)
    for images, labels in zip(objective.images, objective.labels, strict=True):
        rows = images.flatten(1).double()
        error = (rows @ weight.T).softmax(1) - torch.nn.functional.one_hot(labels, 4)
        velocity = 0.5 * velocity + error.T @ rows / len(rows) + 0.01 * weight
        weight = weight - 0.1 * velocity
    torch.testing.assert_close(model.weight.double(), weight, atol=1e-6, rtol=1e-5)


def test_nesterov_looks_ahead() -> None:
    recipe = plain(3, batch_size=24, learning_rate=0.1, momentum=0.5, nesterov=True, horizontal_flip=0.0)
    model, objective = Linear(), Recorded()
    run(model, objective, recipe)
    weight, velocity = torch.zeros(4, 768, dtype=torch.float64), torch.zeros(4, 768, dtype=torch.float64)
    for images, labels in zip(objective.images, objective.labels, strict=True):
        rows = images.flatten(1).double()
        error = (rows @ weight.T).softmax(1) - torch.nn.functional.one_hot(labels, 4)
        gradient = error.T @ rows / len(rows)
        velocity = 0.5 * velocity + gradient
        weight = weight - 0.1 * (gradient + 0.5 * velocity)
    torch.testing.assert_close(model.weight.double(), weight, atol=1e-6, rtol=1e-5)


def test_the_schedule_is_used_and_recorded() -> None:
    recipe = plain(
        3,
        batch_size=24,
        learning_rate=0.1,
        momentum=0.0,
        horizontal_flip=0.0,
        milestones=(1, 2),
        gamma=0.5,
    )
    model, objective = Linear(), Recorded()
    curve = run(model, objective, recipe)
    assert [row.values["learning_rate"] for row in curve] == [0.1, 0.05, 0.025]
    weight = torch.zeros(4, 768, dtype=torch.float64)
    for row, images, labels in zip(curve, objective.images, objective.labels, strict=True):
        rows = images.flatten(1).double()
        error = (rows @ weight.T).softmax(1) - torch.nn.functional.one_hot(labels, 4)
        weight = weight - row.values["learning_rate"] * error.T @ rows / len(rows)
    torch.testing.assert_close(model.weight.double(), weight, atol=1e-6, rtol=1e-5)


def test_adam_takes_the_textbook_steps() -> None:
    model, objective = Linear(), Recorded()
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
    curve = run(small_vgg(4, 16), Recorded(factor=2.0), recipe)
    assert [row.epoch for row in curve] == [0, 1]
    assert all(row.values["learning_rate"] == 1e-12 for row in curve)
    assert all(set(row.values) == {"loss", "cross_entropy", "train_acc", "learning_rate"} for row in curve)
    blank = run(Linear(), Recorded(factor=2.0), plain(2, batch_size=24))
    assert blank[0].values["loss"] == pytest.approx(2 * math.log(4), rel=1e-5)
    assert blank[0].values["train_acc"] == 0.25


def test_the_curve_weighs_every_batch_alike() -> None:
    objective = Recorded()
    curve = run(small_vgg(4, 16), objective, plain(1, batch_size=20, learning_rate=1e-12))
    assert [len(labels) for labels in objective.labels] == [20, 4]
    assert curve[0].values["loss"] == pytest.approx(sum(objective.losses) / 2, rel=1e-6)


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0.0), (1.0, 1.0), (0.5, 0.5)])
def test_pictures_are_mirrored_with_the_probability(probability: float, share: float) -> None:
    objective = Recorded()
    run(Linear(), objective, plain(4, horizontal_flip=probability))
    known = {image.flatten().tobytes() for image in DATA.private_train.images.numpy()}
    shown = (torch.cat(objective.images) * 255).round().to(torch.uint8)
    mirrored = sum(image.flatten().tobytes() not in known for image in shown.numpy()) / len(shown)
    assert mirrored == pytest.approx(share, abs=0.15 if 0 < share < 1 else 0)


def test_mirroring_keeps_picture_and_label_together() -> None:
    objective = Recorded()
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
    objective = Recorded()
    run(Linear(), objective, plain(1, batch_size=4, images_per_class_in_batch=2))
    assert all(labels.unique(return_counts=True)[1].tolist() == [2, 2] for labels in objective.labels)


def test_dropout_repeats_whatever_the_global_generator() -> None:
    weights = []
    for state in (1, 2):
        torch.manual_seed(state)
        model = Linear(dropout=0.5)
        run(model, Recorded(), plain())
        weights.append(model.weight)
        assert torch.initial_seed() == state
    assert torch.equal(*weights)


def test_another_seed_is_another_training() -> None:
    models = [Linear(), Linear()]
    for seed, model in enumerate(models):
        run(model, Recorded(), plain(), seed=seed)
    assert not torch.equal(models[0].weight, models[1].weight)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_fails_with_the_epochs_before(value: float) -> None:
    with pytest.raises(TrainingFailed, match="loss is not finite in epoch 1") as failure:
        run(Linear(), Recorded(last=value), plain(5, batch_size=12))
    assert [row.epoch for row in failure.value.curve] == [0]


def test_weights_that_are_not_finite_fail() -> None:
    with pytest.raises(TrainingFailed, match="weights are not finite after training: weight"):
        run(Linear(), Recorded(factor=1e38), plain(1, batch_size=24, learning_rate=1e10))


def test_one_class_for_every_picture_fails() -> None:
    pictures = LabelledImages(torch.zeros_like(DATA.private_train.images), DATA.private_train.labels)
    with pytest.raises(TrainingFailed, match="collapsed: every training picture was given class 0"):
        run(Linear(), Recorded(), plain(1), pictures)


def test_the_model_is_left_in_eval_mode() -> None:
    model = small_vgg(4, 16)
    run(model, Recorded(), plain(1))
    assert not any(module.training for module in model.modules())


def halves() -> tuple[LabelledImages, LabelledImages]:
    test = DATA.private_test
    return LabelledImages(test.images[::2], test.labels[::2]), LabelledImages(test.images, test.labels)


def test_accuracies_are_measured_after_each_epoch_and_change_nothing() -> None:
    validation, test = halves()
    models = [small_vgg_of(3), small_vgg_of(3)]
    plain_curve = run(models[0], Recorded(), plain(3))
    curve = training(models[1], Recorded(), plain(3), measured=Measured(validation, test)).run()
    weights = models[1].state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in models[0].state_dict().items())
    measured = {"val_acc", "test_acc"}
    assert [{name: value for name, value in row.values.items() if name not in measured} for row in curve] == [
        row.values for row in plain_curve
    ]
    assert curve[-1].values["val_acc"] == accuracy(models[1], validation.images, validation.labels)
    assert curve[-1].values["test_acc"] == accuracy(models[1], test.images, test.labels)
    assert not any("val_acc" in row.values for row in plain_curve)


def small_vgg_of(seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return small_vgg(4, 16)


class Forgetful(Recorded):
    """Learns in the first two epochs and is then pushed away from every label."""

    def loss(self, model: nn.Module, images: Tensor, labels: Tensor, num_classes: int) -> BatchLoss:
        loss = super().loss(model, images, labels, num_classes)
        return loss if len(self.images) <= 2 * 3 else loss._replace(total=-loss.total)


@pytest.mark.parametrize("selection", ["validation_best", "test_best"])
def test_the_weights_are_those_of_the_best_epoch(selection: str) -> None:
    validation, test = halves()
    given = Measured(validation) if selection == "validation_best" else Measured(test=test)
    last, best = (
        training(
            Linear(),
            Forgetful(),
            plain(5, learning_rate=0.001, selection=rule),
            measured=given,
        )
        for rule in ("last", selection)
    )
    curves = [one.run() for one in (last, best)]
    assert curves[0] == curves[1]
    scores = [
        row.values[selection.replace("_best", "_acc").replace("validation", "val")] for row in curves[1]
    ]
    assert best.selected.epoch == scores.index(max(scores)) < 4
    assert last.selected.epoch == 4
    pictures = validation if selection == "validation_best" else test
    assert accuracy(best.model, pictures.images, pictures.labels) == max(scores)
    assert accuracy(last.model, pictures.images, pictures.labels) == scores[-1] < max(scores)


@pytest.mark.parametrize("selection", ["validation_best", "test_best"])
def test_a_selection_without_pictures_is_refused_before_training(selection: str) -> None:
    with pytest.raises(ValueError, match=f"selection {selection}: no pictures"):
        training(Linear(), Recorded(), plain(2, selection=selection))


def test_a_collapse_ends_the_training_after_two_epochs() -> None:
    pictures = LabelledImages(torch.zeros_like(DATA.private_train.images), DATA.private_train.labels)
    with pytest.raises(TrainingFailed, match="every training picture of epochs 0 and 1") as failure:
        run(Linear(), Recorded(), plain(50), pictures)
    assert len(failure.value.curve) == 2


def test_the_utility_floor_ends_the_training() -> None:
    recipe = plain(50, learning_rate=1e-9, utility_floor=UtilityFloor(acc=0.99, epochs=3))
    with pytest.raises(TrainingFailed, match=r"training accuracy is 0\.\d+ after 3") as failure:
        run(small_vgg_of(0), Recorded(), recipe)
    assert len(failure.value.curve) == 3


def test_epochs_of_two_trainings_can_take_turns() -> None:
    """Each epoch seeds the global generator for itself and gives it back."""
    alone = [Linear(0.5), Linear(0.5)]
    for seed, model in enumerate(alone):
        run(model, Recorded(), plain(3), seed=seed)
    together = [Linear(0.5), Linear(0.5)]
    trainings = [training(model, Recorded(), plain(3), seed=seed) for seed, model in enumerate(together)]
    before = torch.get_rng_state()
    assert len(list(zip(*(one.epochs() for one in trainings), strict=True))) == 3
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(one.weight, other.weight) for one, other in zip(alone, together, strict=True))


def test_channels_last_agrees_and_is_undone() -> None:
    models = [small_vgg_of(3), small_vgg_of(3)]
    seen = []
    models[1].units["conv2"].register_forward_hook(
        lambda _, __, output: seen.append(output.is_contiguous(memory_format=torch.channels_last))
    )
    for model, flag in zip(models, (False, True), strict=True):
        run(model, Recorded(), plain(2, channels_last=flag))
    assert all(seen)
    weights = models[1].state_dict()
    assert all(value.is_contiguous() for value in weights.values())
    for name, value in models[0].state_dict().items():
        torch.testing.assert_close(value, weights[name], rtol=1e-2, atol=1e-3)


def test_mixed_precision_computes_in_bfloat16_and_keeps_float32_weights() -> None:
    models, seen = [small_vgg_of(3), small_vgg_of(3)], []
    models[1].units["conv2"].register_forward_hook(lambda _, __, output: seen.append(output.dtype))
    plain_curve, curve = (
        run(model, Recorded(), plain(1, batch_size=24, mixed_precision=flag))
        for model, flag in zip(models, (False, True), strict=True)
    )
    assert seen == [torch.bfloat16]
    assert {value.dtype for value in models[1].parameters()} == {torch.float32}
    assert curve[0].values["loss"] != plain_curve[0].values["loss"]
    assert curve[0].values["loss"] == pytest.approx(plain_curve[0].values["loss"], rel=0.05)


@pytest.mark.slow
def test_a_compiled_network_agrees() -> None:
    """Needs a C++ compiler, as torch.compile does on a CPU."""
    models = [Linear(), Linear()]
    for model, flag in zip(models, (False, True), strict=True):
        run(model, Recorded(), plain(2, compile=flag))
    torch.testing.assert_close(*(model.weight for model in models), rtol=1e-4, atol=1e-6)


def test_targets_are_compiled_by_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defence may enter T at any unit."""
    compiled: list[nn.Module] = []
    monkeypatch.setattr(nn.Module, "compile", lambda module: compiled.append(module))
    for model in (small_vgg_of(3), Linear()):
        compiled.clear()
        run(model, Recorded(), plain(1))
        assert compiled == []
        run(model, Recorded(), plain(1, compile=True))
        assert compiled == ([*model.units.values(), model.neck] if hasattr(model, "units") else [model])
