"""How T is defended while it is trained: one file per defence, chosen by the settings' kind."""

from collections.abc import Callable
from typing import Any

from search_spaces import defenses as settings_of
from search_spaces.defenses import DefenseSettings
from trainables.defenses.bido_hsic import BiDOHSIC
from trainables.defenses.defense import Defense, DefenseLoss
from trainables.defenses.hybrid import TLDMIBiDOHSIC
from trainables.defenses.no_def import NoDef
from trainables.defenses.tl_dmi import TLDMI

__all__ = ["REGISTRY", "Defense", "DefenseLoss", "build_defense"]


def _no_def(_: settings_of.NoDef) -> NoDef:
    return NoDef()


def _bido_hsic(settings: settings_of.BiDOHSIC) -> BiDOHSIC:
    return BiDOHSIC(settings.lambda_x, settings.lambda_y)


def _tl_dmi(settings: settings_of.TLDMI) -> TLDMI:
    return TLDMI(settings.freeze_depth, settings.frozen_bn)


def _tl_dmi_bido_hsic(settings: settings_of.TLDMIBiDOHSIC) -> TLDMIBiDOHSIC:
    return TLDMIBiDOHSIC(
        TLDMI(settings.freeze_depth, settings.frozen_bn), BiDOHSIC(settings.lambda_x, settings.lambda_y)
    )


REGISTRY: dict[str, Callable[[Any], Defense]] = {
    "no_def": _no_def,
    "bido_hsic": _bido_hsic,
    "tl_dmi": _tl_dmi,
    "tl_dmi+bido_hsic": _tl_dmi_bido_hsic,
}
"""The defence of each kind, built from its settings."""


def build_defense(settings: DefenseSettings) -> Defense:
    """Return the defence that ``settings`` describe."""
    return REGISTRY[settings.kind](settings)
