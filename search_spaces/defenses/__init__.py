"""Defences: a defence is a list of parts, each with its settings, its ranges and what people call it.

A part is one class in one module of this folder, or in a plugin's file. Nothing else lists parts.
"""

from importlib import import_module
from pkgutil import iter_modules

from search_spaces.defenses.defense import AS_WRITTEN, Defense
from search_spaces.defenses.part import DEFENSE_PARTS, AnyPart, PartSettings, TargetShape
from search_spaces.defenses.products import NO_DEF
from search_spaces.defenses.searched import Option, RatioTo, Searched
from search_spaces.defenses.space import DefenseSpace

__all__ = [
    "AS_WRITTEN",
    "DEFENSE_PARTS",
    "NO_DEF",
    "AnyPart",
    "Defense",
    "DefenseSpace",
    "Option",
    "PartSettings",
    "RatioTo",
    "Searched",
    "TargetShape",
]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
