"""What a sweep can be made of: every target, defence, attack, data set and evaluator, and what each needs."""

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from search_spaces.architectures import ARCHITECTURES
from search_spaces.attacks import ATTACKS
from search_spaces.datasets import DATASETS, PRIVATE_SETS, PUBLIC_SETS
from search_spaces.defenses import DEFENSE_PARTS, NO_DEF
from search_spaces.evaluation import EVALUATORS
from search_spaces.priors import PRIORS
from search_spaces.registry import Registry
from trainables.storage.archive_table import ARCHIVES


@dataclass(frozen=True)
class Component:
    """One thing that settings can name."""

    group: str
    """``target``, ``defence``, ``attack``, ``prior``, ``data``, ``private set``, ``public set`` or
    ``evaluator``."""
    kind: str
    text: str
    packages: tuple[str, ...] = ()
    """Packages that it imports beside those that everything needs."""
    archives: tuple[str, ...] = ()
    """Packaged archives that it may read, fetched when first needed."""

    @property
    def missing_packages(self) -> tuple[str, ...]:
        """Packages that it needs and that are not installed."""
        return tuple(name for name in self.packages if importlib.util.find_spec(name) is None)

    @property
    def archive_packages(self) -> tuple[str, ...]:
        """The packages whose files the archives are."""
        return tuple(ARCHIVES[name].package for name in self.archives)


REGISTRIES: Mapping[str, Registry[Any]] = {
    "target": ARCHITECTURES,
    "attack": ATTACKS,
    "prior": PRIORS,
    "data": DATASETS,
    "private set": PRIVATE_SETS,
    "public set": PUBLIC_SETS,
    "evaluator": EVALUATORS,
}
"""Group -> the registry of its kinds, those of plugins included."""


def catalogue() -> tuple[Component, ...]:
    """Return everything that settings can name, group by group. Imports no torch."""
    registered = (
        Component(group, cls.kind_name(), cls.summary(), cls.packages, cls.archives)
        for group, registry in REGISTRIES.items()
        for cls in registry
    )
    return (*registered, *_defenses())


def _defenses() -> Iterator[Component]:
    yield Component("defence", NO_DEF, "No part: cross-entropy on all layers, from the D_pretrain weights.")
    for part in DEFENSE_PARTS:
        yield Component("defence", part.kind_name(), part.summary())
