"""What a plugin file imports: bases of settings, how they are registered, and what implements them.

Importing a name that needs torch imports torch; the rest does not.
"""

from typing import TYPE_CHECKING

from tldmi_sweep.lazy import lazy_names

if TYPE_CHECKING:
    from search_spaces import seed_stream
    from search_spaces.architectures import Architecture
    from search_spaces.attacks import AttackSettings
    from search_spaces.attacks.attack import Access, Count
    from search_spaces.datasets import DataSettings
    from search_spaces.defenses import Option, PartSettings, RatioTo, Searched
    from search_spaces.defenses.part import Stage
    from search_spaces.domains import Choice, Integers, LogUniform, Uniform
    from search_spaces.evaluation import EvaluatorSettings
    from search_spaces.files import PinnedFile, PinnedFolder
    from search_spaces.pieces import Piece, TargetConfig
    from search_spaces.priors import PriorSettings
    from search_spaces.registry import register
    from search_spaces.settings import Settings
    from trainables.attacks import Attacker, Reconstructions
    from trainables.attacks.inference import answers_of, inference_copy
    from trainables.attacks.rows import Rows, attack_rows, reconstructions, render, start_latents
    from trainables.build import StepOutcome, builds
    from trainables.datasets import DataSource
    from trainables.datasets.assembly import assemble
    from trainables.datasets.dataset import FaceData
    from trainables.defenses.part import Batch, Part, Terms
    from trainables.evaluators import Evaluator, Judgement
    from trainables.generators import Prior
    from trainables.implementations import implements
    from trainables.models import TargetModel
    from trainables.step import device
    from trainables.training.accuracy import unit_range

__getattr__ = lazy_names(
    __name__,
    {
        "search_spaces": ("seed_stream",),
        "search_spaces.architectures": ("Architecture",),
        "search_spaces.attacks": ("AttackSettings",),
        "search_spaces.attacks.attack": (
            "Access",
            "Count",
        ),
        "search_spaces.datasets": ("DataSettings",),
        "search_spaces.defenses": (
            "Option",
            "PartSettings",
            "RatioTo",
            "Searched",
        ),
        "search_spaces.defenses.part": ("Stage",),
        "search_spaces.domains": (
            "Choice",
            "Integers",
            "LogUniform",
            "Uniform",
        ),
        "search_spaces.evaluation": ("EvaluatorSettings",),
        "search_spaces.files": (
            "PinnedFile",
            "PinnedFolder",
        ),
        "search_spaces.pieces": (
            "Piece",
            "TargetConfig",
        ),
        "search_spaces.priors": ("PriorSettings",),
        "search_spaces.registry": ("register",),
        "search_spaces.settings": ("Settings",),
        "trainables.attacks": (
            "Attacker",
            "Reconstructions",
        ),
        "trainables.attacks.inference": (
            "answers_of",
            "inference_copy",
        ),
        "trainables.attacks.rows": (
            "Rows",
            "attack_rows",
            "reconstructions",
            "render",
            "start_latents",
        ),
        "trainables.build": (
            "StepOutcome",
            "builds",
        ),
        "trainables.datasets": ("DataSource",),
        "trainables.datasets.assembly": ("assemble",),
        "trainables.datasets.dataset": ("FaceData",),
        "trainables.defenses.part": (
            "Batch",
            "Part",
            "Terms",
        ),
        "trainables.evaluators": (
            "Evaluator",
            "Judgement",
        ),
        "trainables.generators": ("Prior",),
        "trainables.implementations": ("implements",),
        "trainables.models": ("TargetModel",),
        "trainables.step": ("device",),
        "trainables.training.accuracy": ("unit_range",),
    },
)

__all__ = [
    "Access",
    "Architecture",
    "AttackSettings",
    "Attacker",
    "Batch",
    "Choice",
    "Count",
    "DataSettings",
    "DataSource",
    "Evaluator",
    "EvaluatorSettings",
    "FaceData",
    "Integers",
    "Judgement",
    "LogUniform",
    "Option",
    "Part",
    "PartSettings",
    "Piece",
    "PinnedFile",
    "PinnedFolder",
    "Prior",
    "PriorSettings",
    "RatioTo",
    "Reconstructions",
    "Rows",
    "Searched",
    "Settings",
    "Stage",
    "StepOutcome",
    "TargetConfig",
    "TargetModel",
    "Terms",
    "Uniform",
    "answers_of",
    "assemble",
    "attack_rows",
    "builds",
    "device",
    "implements",
    "inference_copy",
    "reconstructions",
    "register",
    "render",
    "seed_stream",
    "start_latents",
    "unit_range",
]
