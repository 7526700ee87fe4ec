"""Attacks: the settings of each, its fixed budget and what it needs of T.

An attack is one class in one module of this folder, or in a plugin's file. Nothing else lists attacks; the
built-in classes can be imported from here for short.
"""

from importlib import import_module
from pkgutil import iter_modules

from search_spaces.attacks.attack import (
    ATTACKS,
    Access,
    AnyAttack,
    AttackSettings,
    WrittenAttack,
    beyond_access,
)
from search_spaces.attacks.brepmi import BREPMI
from search_spaces.attacks.gmi import GMI, LatentDescent
from search_spaces.attacks.kedmi import KEDMI, DistributionDescent, InversionGANConfig, InversionGenerator
from search_spaces.attacks.lomma import (
    LOMMA,
    LOMMAGMI,
    LOMMAKEDMI,
    FeatureMeanConfig,
    PublicFeature,
    StudentConfig,
    StudentRecipe,
)
from search_spaces.attacks.vmi import VMI

__all__ = [
    "ATTACKS",
    "BREPMI",
    "GMI",
    "KEDMI",
    "LOMMA",
    "LOMMAGMI",
    "LOMMAKEDMI",
    "VMI",
    "Access",
    "AnyAttack",
    "AttackSettings",
    "DistributionDescent",
    "FeatureMeanConfig",
    "InversionGANConfig",
    "InversionGenerator",
    "LatentDescent",
    "PublicFeature",
    "StudentConfig",
    "StudentRecipe",
    "WrittenAttack",
    "beyond_access",
]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
