"""Defaults are the published settings: a number that changes by accident would change every sweep."""

from typing import Any, get_args

import pytest

from search_spaces import Setup, load_setup
from search_spaces.attacks import ATTACKS as ATTACK_KINDS
from search_spaces.defenses import AS_WRITTEN, Defense, DefenseSpace
from search_spaces.defenses.bido import BiDOCOCO, BiDOHSIC
from search_spaces.defenses.freezing import TLDMI, LayerWise
from search_spaces.defenses.mid import MID
from search_spaces.evaluation import KnownAttributes, TrainedClassifier
from search_spaces.image_quality import ImageQuality
from search_spaces.priors import WGANGP
from search_spaces.settings import Settings
from search_spaces.space import Confirmation, SearchSettings
from search_spaces.targets import TargetSettings

IDENTITY = {
    "identity_weight": 100.0,
    "prior_weight": 1.0,
    "norm_batch": 60.0,
    "learning_rate": 0.02,
    "clip": 1.0,
}
POINTS = IDENTITY | {
    "restarts": 5,
    "momentum": 0.9,
    "retire_after": None,
    "retire_confidence": 0.99,
    "seed": 0,
}
GENERATOR = {
    "start": "scratch",
    "width": 64,
    "critic_width": 64,
    "z_dim": 100,
    "generator_steps": 11232,
    "critic_steps_per_generator_step": 5,
    "critic_warmup_steps": 0,
    "batch_size": 64,
    "learning_rate": 2e-4,
    "entropy_weight": 1e-4,
    "teacher_mode": "eval",
    "seed": 0,
}
GAUSSIANS = IDENTITY | {"restarts": 5, "clip_in": "forward", "generator": GENERATOR, "seed": 0}
LOMMA = {
    "regularisation_weight": 1.0,
    "regularisation_images": 5000,
    "students": ["efficientnet_b0", "efficientnet_b1", "efficientnet_b2"],
    "student_weights": {},
    "student_epochs": 20,
    "student_batch_size": 64,
    "student_learning_rate": 0.01,
    "seed": 0,
}
ATTACKS: dict[str, dict[str, Any]] = {
    "gmi": {**POINTS, "iterations": 3000},
    "kedmi": {**GAUSSIANS, "iterations": 3000, "initial_log_variance": 0.0},
    "lomma_gmi": {**POINTS, "iterations": 2400, "lomma": LOMMA},
    "lomma_kedmi": {**GAUSSIANS, "iterations": 2400, "initial_log_variance": 1.0, "lomma": LOMMA},
    "vmi": {
        "iterations": 320,
        "restarts": 100,
        "samples_per_step": 32,
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "momentum": 0.9,
        "kl_weight": 1e-3,
        "prior_std": 1.0,
        "flows": 10,
        "flow_width": 100,
        "seed": 0,
    },
    "brepmi": {
        "iterations": 1000,
        "max_steps": 20000,
        "restarts": 1,
        "sphere_points": 32,
        "initial_radius": 2.0,
        "radius_growth": 1.3,
        "inside_to_grow": 29,
        "clip": 1.5,
        "initial_batch": 256,
        "initial_draws": 20000,
        "query_budget": None,
        "seed": 0,
    },
}
"""Supplement Table 11 of TL-DMI where it speaks, else the published configurations."""

HSIC_RANGES = {"lambda_x": {"log_uniform": [0.01, 0.2]}, "lambda_y_ratio": {"uniform": [5.0, 50.0]}}
COCO_RANGES = {"lambda_x": {"log_uniform": [1.0, 20.0]}, "lambda_y_ratio": {"uniform": [5.0, 50.0]}}
MID_RANGES = {"lambda_mid": {"log_uniform": [0.002, 0.05]}, "prediction": "sampled"}
FROZEN = {"freeze_depth": "all", "frozen_bn": "train"}
RANGES: dict[str, dict[str, Any]] = {
    "no_def": {},
    "mid": MID_RANGES,
    "bido_hsic": HSIC_RANGES,
    "bido_coco": COCO_RANGES,
    "tl_dmi": FROZEN,
    "layer_wise": {"trainable": {"choice": ["first+last", "middle+last"]}, "frozen_bn": "train"},
    "tl_dmi+bido_hsic": HSIC_RANGES | FROZEN,
    "tl_dmi+bido_coco": COCO_RANGES | FROZEN,
    "tl_dmi+mid": MID_RANGES | FROZEN,
}


def members(union: Any) -> dict[str, type[Settings]]:
    """Return kind -> settings class of a tagged union."""
    return {member.model_fields["kind"].default: member for member in get_args(get_args(union)[0])}


def written(settings: Settings) -> dict[str, Any]:
    """Return all settings but the kind, as JSON has them."""
    plain = settings.model_dump(mode="json")
    del plain["kind"]
    return plain


@pytest.mark.parametrize("kind", ATTACK_KINDS.kinds)
def test_attacks_have_the_published_budgets(kind: str) -> None:
    assert written(ATTACK_KINDS[kind]()) == ATTACKS[kind]


@pytest.mark.parametrize("kind", RANGES)
def test_defences_are_searched_where_the_papers_looked(kind: str) -> None:
    assert written(DefenseSpace.of({"kind": kind})) == RANGES[kind]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Defense.of(MID()), {"lambda_mid": 0.003, "prediction": "sampled"}),
        (Defense.of(BiDOHSIC()), {"lambda_x": 0.05, "lambda_y": 0.5}),
        (Defense.of(BiDOCOCO()), {"lambda_x": 5.0, "lambda_y": 50.0}),
        (Defense.of(TLDMI(freeze_depth=9)), {"freeze_depth": 9, "frozen_bn": "train"}),
        (Defense.of(LayerWise(trainable=("last",))), {"trainable": ["last"], "frozen_bn": "train"}),
        (
            Defense.of(TLDMI(freeze_depth=1), BiDOHSIC()),
            {"freeze_depth": 1, "lambda_x": 0.05, "lambda_y": 0.5, "frozen_bn": "train"},
        ),
        (
            Defense.of(TLDMI(freeze_depth=1), BiDOCOCO()),
            {"freeze_depth": 1, "lambda_x": 5.0, "lambda_y": 50.0, "frozen_bn": "train"},
        ),
        (
            Defense.of(TLDMI(freeze_depth=1), MID()),
            {"freeze_depth": 1, "lambda_mid": 0.003, "prediction": "sampled", "frozen_bn": "train"},
        ),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_defences_have_the_published_weights(settings: Defense, expected: dict[str, Any]) -> None:
    plain = settings.model_dump(mode="json", context=AS_WRITTEN)
    assert plain == {"kind": settings.kind, **expected}


PLAIN_TARGET = {
    "architecture": "vgg16",
    "recipe": None,
    "pretrained": None,
    "epochs": 20,
    "batch_size": 64,
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "momentum": 0.9,
    "nesterov": False,
    "weight_decay": 1e-4,
    "milestones": [],
    "gamma": 0.1,
    "horizontal_flip": 0.5,
    "crop_scale": 1.0,
    "color_jitter": [0.0, 0.0, 0.0, 0.0],
    "cutout": 0.0,
    "images_per_class_in_batch": None,
    "validation_fraction": 0.0,
    "selection": "last",
    "utility_floor": None,
    "prefix_cache_mib": 2048,
    "mixed_precision": False,
    "channels_last": False,
    "compile": False,
}
PRIOR = {
    "kind": "wgan_gp",
    "initial": None,
    "z_dim": 100,
    "width": 64,
    "critic_width": 64,
    "autoencoder_steps": 0,
    "generator_steps": 11232,
    "critic_steps_per_generator_step": 5,
    "critic_warmup_steps": 0,
    "batch_size": 64,
    "learning_rate": 2e-4,
    "gradient_penalty": 10.0,
    "seed": 0,
}
CLASSIFIER = {
    "kind": "trained_classifier",
    "architecture": "small_cnn",
    "checkpoint": None,
    "pretrained": None,
    "epochs": 40,
    "width": 32,
    "batch_size": 32,
    "learning_rate": 2e-3,
    "seed": 1000,
}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (TargetSettings(architecture="vgg16"), PLAIN_TARGET),
        (WGANGP(), PRIOR),
        (TrainedClassifier(), CLASSIFIER),
        (KnownAttributes(), {"kind": "known_attributes", "epochs": 8, "width": 24, "seed": 2000}),
        (
            SearchSettings(),
            {"trials": None, "sampler": "tpe", "startup_trials": 4, "round_size": 2, "seed": 0},
        ),
        (Confirmation(), {"further_seeds": 1, "at_most": 4}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Settings) else "",
)
def test_what_nobody_sets_stays_as_it_is(settings: Settings, expected: dict[str, Any]) -> None:
    """An augmentation, a held-out share or a cap that were on by default would change every result."""
    assert settings.model_dump(mode="json") == expected


def test_a_setup_needs_neither_budgets_nor_caps() -> None:
    shipped = load_setup("orl_faces")
    needed = ("name", "description", "data", "target", "priors", "evaluators")
    setup = Setup(**{name: getattr(shipped, name) for name in needed})
    assert setup.attack_budgets == {}
    assert setup.budget_factor is None
    assert setup.attacked_classes is None
    assert setup.kept_pictures == 2000
    assert setup.image_quality == ImageQuality()
