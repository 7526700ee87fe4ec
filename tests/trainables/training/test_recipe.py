"""What the loop reads of a target's settings: every recipe value, the schedule, the optimiser."""

from dataclasses import fields

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from search_spaces.targets import TargetSettings, UtilityFloor
from trainables.training.recipe import Recipe

NOT_OF_THE_LOOP = {
    "architecture",
    "architecture_plugin",
    "recipe",
    "pretrained",
    "validation_fraction",
    "least_steps",
}
"""Settings that are used elsewhere: where T is built, its pictures are split, and its epochs are counted."""


def test_every_setting_of_the_training_reaches_the_loop() -> None:
    assert {field.name for field in fields(Recipe)} == set(TargetSettings.model_fields) - NOT_OF_THE_LOOP


def test_values_are_those_of_the_settings() -> None:
    changed = {
        "epochs": 7,
        "batch_size": 9,
        "learning_rate": 0.3,
        "optimizer": "sgd",
        "momentum": 0.1,
        "weight_decay": 0.2,
        "horizontal_flip": 0.25,
        "images_per_class_in_batch": 3,
        "nesterov": True,
        "milestones": (2, 5),
        "gamma": 0.3,
        "crop_scale": 0.7,
        "color_jitter": (0.1, 0.2, 0.3, 0.4),
        "cutout": 0.2,
        "selection": "test_best",
        "utility_floor": UtilityFloor(acc=0.2, epochs=3),
        "prefix_cache_mib": 17,
        "mixed_precision": True,
        "channels_last": True,
        "compile": True,
    }
    found = Recipe.of(TargetSettings(architecture="small_vgg", **changed))
    assert {field.name: getattr(found, field.name) for field in fields(Recipe)} == changed


def test_the_pictures_decide_how_many_epochs_the_least_steps_take() -> None:
    settings = TargetSettings(architecture="small_vgg", epochs=5, batch_size=10, least_steps=30)
    labels = torch.arange(4).repeat(5)
    assert (Recipe.of(settings).epochs, Recipe.of(settings, labels).epochs) == (5, 15)


@given(milestones=st.lists(st.integers(1, 12), max_size=4), gamma=st.floats(0.1, 1), rate=st.floats(1e-4, 1))
def test_the_schedule_is_that_of_torch(milestones: list[int], gamma: float, rate: float) -> None:
    recipe = Recipe(epochs=12, batch_size=2, learning_rate=rate, milestones=tuple(milestones), gamma=gamma)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(()))], lr=rate)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, gamma)
    for epoch in range(12):
        assert recipe.learning_rate_in(epoch) == pytest.approx(schedule.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        schedule.step()


def test_frozen_parameters_are_not_given_to_the_optimiser() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    model[0].requires_grad_(False)
    recipe = Recipe(epochs=1, batch_size=2, learning_rate=0.1, optimizer="sgd", nesterov=True)
    (group,) = recipe.optimizer_of(model).param_groups
    assert [id(parameter) for parameter in group["params"]] == [id(p) for p in model[1].parameters()]
    assert (group["nesterov"], group["momentum"]) == (True, 0.9)


@pytest.mark.parametrize(
    ("changes", "only"),
    [
        ({}, True),
        ({"horizontal_flip": 0.0}, True),
        ({"crop_scale": 0.9}, False),
        ({"cutout": 0.1}, False),
        ({"color_jitter": (0.0, 0.0, 0.0, 0.1)}, False),
    ],
)
def test_what_counts_as_mirroring_alone(changes: dict[str, object], only: bool) -> None:
    assert Recipe(**{"epochs": 1, "batch_size": 2, "learning_rate": 0.1, **changes}).flips_only is only
