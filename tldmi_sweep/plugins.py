"""What a plugin file imports: bases of settings, how they are registered, and what implements them.

Importing a name that needs torch imports torch; the rest does not.
"""

from typing import TYPE_CHECKING

from tldmi_sweep.lazy import lazy_names

if TYPE_CHECKING:
    from search_spaces.attacks import AttackSettings
    from search_spaces.datasets import DataSettings
    from search_spaces.defenses import Option, PartSettings, RatioTo, Searched
    from search_spaces.defenses.part import Stage
    from search_spaces.domains import Choice, Integers, LogUniform, Uniform
    from search_spaces.evaluation import EvaluatorSettings
    from search_spaces.priors import PriorSettings
    from search_spaces.registry import register
    from search_spaces.settings import Settings
    from trainables.defenses.part import Batch, Part, Terms
    from trainables.implementations import implements

__getattr__ = lazy_names(
    __name__,
    {
        "search_spaces.attacks": ("AttackSettings",),
        "search_spaces.datasets": ("DataSettings",),
        "search_spaces.defenses": ("Option", "PartSettings", "RatioTo", "Searched"),
        "search_spaces.defenses.part": ("Stage",),
        "search_spaces.domains": ("Choice", "Integers", "LogUniform", "Uniform"),
        "search_spaces.evaluation": ("EvaluatorSettings",),
        "search_spaces.priors": ("PriorSettings",),
        "search_spaces.registry": ("register",),
        "search_spaces.settings": ("Settings",),
        "trainables.defenses.part": ("Batch", "Part", "Terms"),
        "trainables.implementations": ("implements",),
    },
)

__all__ = [
    "AttackSettings",
    "Batch",
    "Choice",
    "DataSettings",
    "EvaluatorSettings",
    "Integers",
    "LogUniform",
    "Option",
    "Part",
    "PartSettings",
    "PriorSettings",
    "RatioTo",
    "Searched",
    "Settings",
    "Stage",
    "Terms",
    "Uniform",
    "implements",
    "register",
]
