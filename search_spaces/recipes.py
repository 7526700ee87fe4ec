"""Named training recipes: those printed in the supplement's Table 8, and where the published code differs."""

from typing import Any

from search_spaces.setting_errors import did_you_mean

SGD = {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 1e-4}
ADAM = {"optimizer": "adam", "learning_rate": 1e-3, "weight_decay": 0.0}
PPA_AUGMENTATION = {"crop_scale": 0.85, "color_jitter": (0.2, 0.2, 0.1, 0.1)}
PPA_SCHEDULE = {"milestones": (75, 90), "gamma": 0.1}
LOW_SHOT = {
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "momentum": 0.9,
    "nesterov": True,
    "weight_decay": 5e-4,
    "gamma": 0.2,
    "cutout": 0.5,
}

RECIPES: dict[str, dict[str, Any]] = {
    "table8_vgg16": {**SGD, "epochs": 200, "batch_size": 64, "learning_rate": 0.02},
    "code_vgg16": {**SGD, "epochs": 200, "batch_size": 64, "learning_rate": 0.08},
    "kedmi_vgg16": {**SGD, "epochs": 50, "batch_size": 64, "learning_rate": 0.01},
    "bido_vgg16": {
        "optimizer": "adam",
        "epochs": 50,
        "batch_size": 64,
        "learning_rate": 1e-4,
        "weight_decay": 0.0,
        "images_per_class_in_batch": 4,
    },
    "mid_vgg16": {
        **SGD,
        "epochs": 50,
        "batch_size": 64,
        "learning_rate": 0.01,
        "images_per_class_in_batch": 4,
    },
    "table8_ir152": {**SGD, "epochs": 100, "batch_size": 64, "learning_rate": 0.01},
    "kedmi_ir152": {**SGD, "epochs": 40, "batch_size": 64, "learning_rate": 0.01},
    "table8_facenet64": {**SGD, "epochs": 200, "batch_size": 8, "learning_rate": 0.008},
    "kedmi_facenet64": {**SGD, "epochs": 50, "batch_size": 64, "learning_rate": 0.01},
    "table8_resnet34": {**LOW_SHOT, "epochs": 200, "batch_size": 64, "milestones": (60, 120, 160)},
    "bido_resnet34": {**LOW_SHOT, "epochs": 100, "batch_size": 64, "milestones": (60, 80)},
    "table8_resnet18": {**ADAM, **PPA_AUGMENTATION, **PPA_SCHEDULE, "epochs": 100, "batch_size": 128},
    "code_resnet18_celeba": {**ADAM, **PPA_AUGMENTATION, **PPA_SCHEDULE, "epochs": 100, "batch_size": 64},
    "table8_maxvit": {**ADAM, **PPA_AUGMENTATION, **PPA_SCHEDULE, "epochs": 100, "batch_size": 64},
    "table8_resnest101": {**ADAM, **PPA_AUGMENTATION, **PPA_SCHEDULE, "epochs": 100, "batch_size": 128},
    "table8_resnet50": {**ADAM, **PPA_AUGMENTATION, **PPA_SCHEDULE, "epochs": 100, "batch_size": 1024},
}
"""``table8_*``: as printed (schedules and augmentation, which Table 8 leaves out, from the published code);
``code_*``: the authors' configuration files; ``kedmi_*``, ``bido_*``, ``mid_*``: the code of those papers."""


def expanded(values: Any) -> Any:  # noqa: ANN401  (plain YAML values)
    """Return target ``values`` with those of their ``recipe`` beneath; other values as they are.

    Raises ``ValueError`` for a recipe that does not exist.

    >>> expanded({"recipe": "table8_vgg16", "epochs": 3})["epochs"]
    3
    """
    name = values.get("recipe") if isinstance(values, dict) else None
    if name is None:
        return values
    if name not in RECIPES:
        hint = did_you_mean(str(name), list(RECIPES))
        raise ValueError(f"unknown recipe {name!r}: there are {', '.join(RECIPES)}.{hint}")
    return {**RECIPES[name], **values}
