"""What rows say of a defence: its parts with their values, and how parts and parameters are called."""

from typing import Any

from search_spaces.canonical import canonical_json
from search_spaces.defenses import DefenseSettings

Plain = dict[str, Any]

_FREEZE_DEPTH: Plain = {"name": "freeze_depth", "label": "freeze depth", "symbol": "depth"}
_FROZEN_BN: Plain = {
    "name": "frozen_bn",
    "label": "frozen BatchNorm",
    "symbol": "frozen BN in {}",
    "default": "train",
}
_LAMBDA_X: Plain = {"name": "lambda_x", "label": "λx", "scale": "log"}
_LAMBDA_Y: Plain = {"name": "lambda_y", "label": "λy", "scale": "log", "ratio_to": "lambda_x"}
_DEPENDENCE = {"dependence_x": "Dependence on x", "dependence_y": "Dependence on y"}

_PARTS: dict[str, Plain] = {
    "mid": {
        "label": "MID",
        "stage": "loss",
        "fields": [
            {"name": "lambda_mid", "label": "λ", "scale": "log"},
            {
                "name": "prediction",
                "label": "prediction",
                "symbol": "{} prediction",
                "default": "sampled",
            },
        ],
        "curves": {"kl": "KL"},
    },
    "bido_hsic": {
        "label": "BiDO-HSIC",
        "stage": "loss",
        "fields": [_LAMBDA_X, _LAMBDA_Y],
        "curves": _DEPENDENCE,
    },
    "bido_coco": {
        "label": "BiDO-COCO",
        "stage": "loss",
        "fields": [_LAMBDA_X, _LAMBDA_Y],
        "curves": _DEPENDENCE,
    },
    "tl_dmi": {"label": "TL-DMI", "stage": "freezing", "fields": [_FREEZE_DEPTH, _FROZEN_BN]},
    "layer_wise": {
        "label": "Layer-wise",
        "stage": "freezing",
        "fields": [{"name": "trainable", "label": "trained groups", "symbol": "trained"}, _FROZEN_BN],
    },
}


def defense_columns(defense: DefenseSettings) -> dict[str, str]:
    """Return the columns ``defense``, ``defense_settings`` and ``defense_parts`` of rows about a T.

    >>> from search_spaces.defenses import TLDMI
    >>> defense_columns(TLDMI(freeze_depth=3))["defense_settings"]
    '[{"freeze_depth":3,"frozen_bn":"train","kind":"tl_dmi"}]'
    """
    kinds = _kinds(defense.kind)
    values = defense.model_dump(mode="json")
    parts = [{"kind": kind, **_PARTS[kind]} for kind in kinds]
    settings = [
        {"kind": part["kind"], **{field["name"]: values[field["name"]] for field in part["fields"]}}
        for part in parts
    ]
    return {
        "defense": defense.kind,
        "defense_settings": canonical_json(settings),
        "defense_parts": canonical_json(parts),
    }


def defense_name(kind: str) -> str:
    """Return the published name of a defence of one or more parts.

    >>> defense_name("tl_dmi+bido_hsic"), defense_name("no_def")
    ('TL-DMI + BiDO-HSIC', 'No-Def')
    """
    return " + ".join(_PARTS[part]["label"] for part in _kinds(kind)) or "No-Def"


def _kinds(kind: str) -> list[str]:
    return [] if kind == "no_def" else kind.split("+")
