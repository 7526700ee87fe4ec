"""What a sweep is made of: the architecture of its setup picks anchors, D_pretrain weights and recipes."""

from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces import Space, Sweep, load_setup, load_space, space_names
from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOHSIC
from search_spaces.defenses.freezing import TLDMI
from search_spaces.defenses.mid import MID
from search_spaces.targets import TargetSettings
from search_spaces.variants import with_recipe

PLAIN = {
    "name": "mine",
    "description": "d",
    "defenses": [{"kind": "no_def"}],
    "attacks": [{"kind": "gmi"}],
    "search": {"sampler": "grid"},
}


def sweep(setup: str = "orl_faces", target: dict[str, Any] | None = None, **changes: Any) -> Sweep:
    base = load_setup(setup)
    own = TargetSettings.model_validate(target) if target else base.target
    return Sweep(
        space=Space.model_validate({**PLAIN, **changes}), setup=base.model_copy(update={"target": own})
    )


PER_TARGET = {
    "vgg16": {"anchors": [{"kind": "mid"}], "recipes": {"mid": "mid_vgg16"}},
    "small_vgg": {"anchors": [{"kind": "tl_dmi", "freeze_depth": 2}]},
}


def test_own_anchors_follow_those_of_the_space() -> None:
    common = [{"kind": "bido_hsic"}]
    assert sweep(anchors=common, per_target=PER_TARGET).anchors == (Defense.of(BiDOHSIC()),)
    assert sweep("drawn_persons", anchors=common, per_target=PER_TARGET).anchors == (
        Defense.of(BiDOHSIC()),
        Defense.of(TLDMI(freeze_depth=2)),
    )


def test_what_a_space_says_of_other_architectures_is_not_part_of_the_sweep() -> None:
    without = sweep("drawn_persons", per_target={"small_vgg": PER_TARGET["small_vgg"]})
    assert sweep("drawn_persons", per_target=PER_TARGET).sweep_id == without.sweep_id
    assert sweep("drawn_persons").sweep_id != without.sweep_id


def test_a_defence_with_a_recipe_of_its_own_is_trained_with_it() -> None:
    target = {"architecture": "vgg16", "recipe": "table8_vgg16", "epochs": 2, "pretrained": "torchvision:X"}
    found = sweep(target=target, per_target=PER_TARGET)
    mid, no_def = (found.trial(defense, 0).target.target for defense in (Defense.of(MID()), Defense()))
    assert (no_def.recipe, no_def.learning_rate, no_def.images_per_class_in_batch) == (
        "table8_vgg16",
        0.02,
        None,
    )
    assert (mid.recipe, mid.learning_rate, mid.images_per_class_in_batch) == ("mid_vgg16", 0.01, 4)
    assert (mid.epochs, mid.pretrained) == (no_def.epochs, no_def.pretrained) == (2, "torchvision:X")


def test_a_trial_run_again_keeps_its_weights_and_recipe() -> None:
    own = {**PER_TARGET["vgg16"], "pretrained": ["torchvision:X", None]}
    found = sweep(target={"architecture": "vgg16"}, per_target={"vgg16": own})
    first = found.trial(Defense.of(MID()), 0, target=found.targets[1])
    again = found.trial(Defense.of(MID()), 1, target=first.target.target)
    assert first.target.target == again.target.target
    assert (first.target.target.pretrained, first.target.target.recipe) == (None, "mid_vgg16")
    assert first.target.config_id == again.target.config_id
    assert found.trial(Defense.of(MID()), 0).target.target.pretrained == "torchvision:X"


def test_without_a_recipe_every_value_of_the_setup_stays() -> None:
    target = TargetSettings(architecture="vgg16", optimizer="sgd", learning_rate=0.3)
    changed = with_recipe(target, "bido_vgg16")
    assert (changed.optimizer, changed.learning_rate, changed.images_per_class_in_batch) == ("sgd", 0.3, 4)
    assert with_recipe(changed, "bido_vgg16") == changed
    assert with_recipe(target, None) == target


def test_attacked_classes_are_those_of_the_space_else_of_the_setup() -> None:
    setup = load_setup("orl_faces").model_copy(update={"attacked_classes": 7})
    for wanted, found in ((None, 7), (3, 3)):
        space = Space.model_validate({**PLAIN, "attacked_classes": wanted})
        assert Sweep(space=space, setup=setup).trial(Defense(), 0).attacks[0].attacked_classes == found


def test_a_sweep_may_attack_nothing() -> None:
    assert sweep(attacks=[]).trial(Defense(), 0).attacks == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"attacks": [], "search": {}}, "only sampler grid can do without"),
        (
            {"per_target": {"vgg16": {"pretrained": [None, "face_resnet"]}}, "search": {"sampler": "random"}},
            "only sampler grid tries several",
        ),
        ({"per_target": {"vgg61": {}}}, "vgg61"),
        ({"per_target": {"vgg16": {"recipes": {"mid": "mid_vgg61"}}}}, "Did you mean 'mid_vgg16'"),
        ({"anchors": [{"kind": "mid", "lambda_mid": float("nan")}]}, "finite"),
        ({"anchors": [{"kind": "mid", "lambda_mid": -1}]}, "greater than or equal"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Space.model_validate({**PLAIN, **changes})


@pytest.mark.parametrize("setup", ["orl_faces", "drawn_persons"])
@pytest.mark.parametrize("space", [name for name in space_names() if name != "training_time"])
def test_a_sweep_that_is_read_back_makes_the_same_trials(space: str, setup: str) -> None:
    """Above all: what the space leaves to the setup's budgets and to recipes stays left to them."""
    before = Sweep(space=load_space(space), setup=load_setup(setup))
    after = Sweep.model_validate_json(before.model_dump_json())
    assert after.sweep_id == before.sweep_id
    for defense in (Defense(), Defense.of(MID())):
        assert after.trial(defense, 0).trial_id == before.trial(defense, 0).trial_id


def test_a_recipe_of_a_defence_still_applies_to_a_sweep_that_is_read_back() -> None:
    before = sweep(target={"architecture": "vgg16", "epochs": 2}, per_target=PER_TARGET)
    after = Sweep.model_validate_json(before.model_dump_json())
    assert after.trial(MID(), 0) == before.trial(MID(), 0)
    assert after.trial(MID(), 0).target.target.recipe == "mid_vgg16"
