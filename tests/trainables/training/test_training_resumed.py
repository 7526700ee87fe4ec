"""A training that is ended after any epoch and started again ends with the bits of one that never was."""

import dataclasses

import pytest
import torch

from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOCOCO, BiDOHSIC
from search_spaces.defenses.freezing import TLDMI, LayerWise
from search_spaces.defenses.mid import MID
from search_spaces.targets import TargetSettings
from tldmi_sweep.testing.preemption import Preempted, PreemptedAfter
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.defenses import build_defense
from trainables.models import build_target
from trainables.models.target_model import TargetModel
from trainables.storage.checkpoint import NothingKept, Progress, optimizer_state
from trainables.training import inputs
from trainables.training.recipe import Recipe
from trainables.training.selection import held_out
from trainables.training.training import Measured, Training

DATA = tiny_face_data(4, resolution=16)
CLASSES, EPOCHS = 4, 4
RECIPE = Recipe(epochs=EPOCHS, batch_size=8, learning_rate=0.01, prefix_cache_mib=0)
AUGMENTED = {"crop_scale": 0.6, "color_jitter": (0.3, 0.3, 0.3, 0.1), "cutout": 0.3}
CASES: list[tuple[Defense, dict[str, object]]] = [
    (Defense(), {"optimizer": "adam", "weight_decay": 1e-3}),
    (Defense(), {"optimizer": "sgd", "nesterov": True, "milestones": (1, 3)}),
    (Defense(), {"optimizer": "sgd", "momentum": 0.0, "images_per_class_in_batch": 2}),
    (Defense(), {"selection": "validation_best", **AUGMENTED}),
    (Defense(), {"selection": "test_best", "channels_last": True}),
    (Defense(), {"mixed_precision": True, "optimizer": "sgd"}),
    (Defense.of(MID(lambda_mid=0.01)), {}),
    (Defense.of(BiDOHSIC(lambda_x=0.05, lambda_y=0.5)), {}),
    (Defense.of(BiDOCOCO(lambda_x=0.05, lambda_y=0.5)), {}),
    (Defense.of(TLDMI(freeze_depth=3, frozen_bn="train")), {}),
    (Defense.of(TLDMI(freeze_depth=3, frozen_bn="eval")), {"prefix_cache_mib": 64, "optimizer": "sgd"}),
    (Defense.of(LayerWise(trainable=("middle",), frozen_bn="eval")), {"prefix_cache_mib": 64}),
    (Defense.of(TLDMI(freeze_depth=2, frozen_bn="eval"), MID(lambda_mid=0.01)), {"prefix_cache_mib": 64}),
    (
        Defense.of(TLDMI(freeze_depth=2), BiDOHSIC(lambda_x=0.05, lambda_y=0.5)),
        {"selection": "validation_best"},
    ),
]


def fresh(defense: Defense, recipe: Recipe) -> Training[TargetModel]:
    torch.set_num_threads(1)
    settings = TargetSettings(architecture="small_vgg")
    objective = build_defense(defense, 3)
    model = objective.network(build_target(settings, CLASSES, 16, seed=3))
    objective.prepare(model)
    pictures, validation = held_out(DATA.private_train, 0.2, seed=3)
    measured = Measured(validation, DATA.private_test)
    return Training(model, objective, recipe, pictures, CLASSES, 3, measured)


def run(defense: Defense, recipe: Recipe, progress: Progress) -> Training[TargetModel]:
    training = fresh(defense, recipe)
    training.run(progress)
    return training


def assert_same(one: Training[TargetModel], other: Training[TargetModel]) -> None:
    assert one.curve == other.curve
    assert one.selected.epoch == other.selected.epoch
    assert torch.equal(one._order.get_state(), other._order.get_state())
    states = [{**each.model.state_dict(), **optimizer_state(each._optimizer)} for each in (one, other)]
    assert states[0].keys() == states[1].keys()
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name
        assert value.stride() == states[1][name].stride(), name


@pytest.mark.parametrize(("defense", "changes"), CASES)
def test_it_ends_with_the_same_bits(defense: Defense, changes: dict[str, object]) -> None:
    recipe = dataclasses.replace(RECIPE, **changes)
    kept: list[bytes] = []
    undisturbed = run(defense, recipe, NothingKept())
    for epochs in (1, 2):  # killed after epoch 0, and the second time after two epochs more
        with pytest.raises(Preempted):
            run(defense, recipe, PreemptedAfter(kept, epochs))
    last = PreemptedAfter(kept)
    assert_same(run(defense, recipe, last), undisturbed)
    assert last.taken == 1  # one epoch was left to train


def test_the_kept_prefix_is_used_when_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[object] = []
    kept: list[bytes] = []
    whole = inputs.Activations
    monkeypatch.setattr(inputs, "Activations", lambda *given: used.append(given) or whole(*given))
    defense = Defense.of(TLDMI(freeze_depth=3, frozen_bn="eval"))
    recipe = dataclasses.replace(RECIPE, prefix_cache_mib=64)
    with pytest.raises(Preempted):
        run(defense, recipe, PreemptedAfter(kept, 2))
    run(defense, recipe, PreemptedAfter(kept))
    assert len(used) == 2


def test_a_state_of_the_last_epoch_leaves_nothing_to_train() -> None:
    kept: list[bytes] = []
    with pytest.raises(Preempted):
        run(Defense(), RECIPE, PreemptedAfter(kept, EPOCHS))
    progress = PreemptedAfter(kept)
    assert_same(run(Defense(), RECIPE, progress), run(Defense(), RECIPE, NothingKept()))
    assert progress.taken == 0
