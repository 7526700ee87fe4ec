"""How T is defended while it is trained: one file per defence, chosen by the settings' kind."""

from collections.abc import Callable
from typing import Any

from search_spaces import defenses as settings_of
from search_spaces.defenses import DefenseSettings
from trainables.defenses.bido_coco import BiDOCOCO
from trainables.defenses.bido_hsic import BiDOHSIC
from trainables.defenses.defense import Defense, DefenseLoss
from trainables.defenses.hybrid import Hybrid
from trainables.defenses.layer_wise import LayerWise
from trainables.defenses.mid import MID
from trainables.defenses.no_def import NoDef
from trainables.defenses.tl_dmi import TLDMI

__all__ = ["REGISTRY", "Defense", "DefenseLoss", "build_defense"]


def _no_def(_: settings_of.NoDef) -> NoDef:
    return NoDef()


def _mid(settings: settings_of.MID | settings_of.TLDMIMID) -> MID:
    return MID(settings.lambda_mid)


def _bido_hsic(settings: settings_of.BiDOHSIC | settings_of.TLDMIBiDOHSIC) -> BiDOHSIC:
    return BiDOHSIC(settings.lambda_x, settings.lambda_y)


def _bido_coco(settings: settings_of.BiDOCOCO | settings_of.TLDMIBiDOCOCO) -> BiDOCOCO:
    return BiDOCOCO(settings.lambda_x, settings.lambda_y)


def _tl_dmi(
    settings: settings_of.TLDMI
    | settings_of.TLDMIMID
    | settings_of.TLDMIBiDOHSIC
    | settings_of.TLDMIBiDOCOCO,
) -> TLDMI:
    return TLDMI(settings.freeze_depth, settings.frozen_bn)


def _layer_wise(settings: settings_of.LayerWise) -> LayerWise:
    return LayerWise(settings.trainable, settings.frozen_bn)


REGISTRY: dict[str, Callable[[Any], Defense]] = {
    "no_def": _no_def,
    "mid": _mid,
    "bido_hsic": _bido_hsic,
    "bido_coco": _bido_coco,
    "tl_dmi": _tl_dmi,
    "layer_wise": _layer_wise,
    "tl_dmi+bido_hsic": lambda settings: Hybrid(_tl_dmi(settings), _bido_hsic(settings)),
    "tl_dmi+bido_coco": lambda settings: Hybrid(_tl_dmi(settings), _bido_coco(settings)),
    "tl_dmi+mid": lambda settings: Hybrid(_tl_dmi(settings), _mid(settings)),
}
"""The defence of each kind, built from its settings."""


def build_defense(settings: DefenseSettings) -> Defense:
    """Return the defence that ``settings`` describe."""
    return REGISTRY[settings.kind](settings)
