"""Recipes: the values printed in the supplement's Table 8, those of the code, and values beside a name."""

import pytest
from pydantic import ValidationError

from results.paper import printed
from search_spaces.architectures import ARCHITECTURES
from search_spaces.recipes import RECIPES, expanded
from search_spaces.targets import TargetSettings

TABLE8 = printed("training").to_dict("records")


def target(recipe: str, **changes: object) -> TargetSettings:
    architecture = next(name for name in ARCHITECTURES.kinds if name in recipe)
    return TargetSettings(architecture=architecture, recipe=recipe, **changes)


@pytest.mark.parametrize("row", TABLE8, ids=lambda row: str(row["target"]))
def test_every_printed_recipe_is_there_to_the_digit(row: dict[str, object]) -> None:
    found = target(f"table8_{row['target']}")
    for name in ("epochs", "batch_size", "learning_rate", "optimizer"):
        assert getattr(found, name) == row[name], name
    sgd = found.optimizer == "sgd"
    assert found.weight_decay == (row["weight_decay"] if sgd else 0)
    assert not sgd or found.momentum == row["momentum"]


def test_nothing_else_claims_to_be_printed() -> None:
    named = {name.removeprefix("table8_") for name in RECIPES if name.startswith("table8_")}
    assert named == {row["target"] for row in TABLE8}


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_valid_and_names_its_architecture(name: str) -> None:
    assert target(name).recipe == name


def test_values_of_the_published_code() -> None:
    assert target("code_vgg16").learning_rate == 0.08
    bido = target("bido_vgg16")
    assert (bido.optimizer, bido.learning_rate, bido.epochs, bido.images_per_class_in_batch) == (
        "adam",
        1e-4,
        50,
        4,
    )
    mid = target("mid_vgg16")
    assert (mid.optimizer, mid.learning_rate, mid.epochs, mid.images_per_class_in_batch) == (
        "sgd",
        0.01,
        50,
        4,
    )
    low_shot = target("table8_resnet34")
    assert (low_shot.nesterov, low_shot.milestones, low_shot.gamma) == (True, (60, 120, 160), 0.2)
    assert (target("bido_resnet34").milestones, target("bido_resnet34").epochs) == ((60, 80), 100)
    ppa = target("table8_resnet18")
    assert (ppa.milestones, ppa.gamma, ppa.crop_scale) == ((75, 90), 0.1, 0.85)
    assert ppa.color_jitter == (0.2, 0.2, 0.1, 0.1)
    assert target("code_resnet18_celeba").batch_size == 64
    assert [target(f"kedmi_{name}").epochs for name in ("vgg16", "ir152", "facenet64")] == [50, 40, 50]


def test_what_is_written_beside_the_name_wins() -> None:
    found = target("table8_vgg16", epochs=3, momentum=0.5)
    assert (found.epochs, found.momentum, found.learning_rate) == (3, 0.5, 0.02)
    assert expanded({"epochs": 2}) == {"epochs": 2}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"recipe": "table8_vgg61"}, "unknown recipe 'table8_vgg61'.*Did you mean 'table8_vgg16'"),
        ({"selection": "validation_best"}, "validation_best needs a validation_fraction"),
        ({"nesterov": True, "momentum": 0}, "nesterov needs optimizer sgd and a momentum"),
        ({"nesterov": True, "optimizer": "adam"}, "nesterov needs optimizer sgd"),
        ({"images_per_class_in_batch": 9, "batch_size": 8}, "images_per_class_in_batch 9 is above"),
        ({"crop_scale": 0}, "crop_scale"),
        ({"color_jitter": (0, 0, 0, 0.6)}, "color_jitter"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"utility_floor": {"acc": 1.5, "epochs": 2}}, "utility_floor"),
    ],
)
def test_values_that_make_no_training_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TargetSettings(architecture="vgg16", **values)
