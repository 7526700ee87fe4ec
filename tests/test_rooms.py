"""Every kind that a space may name has its implementation, and every implementation its contract test."""

import ast
import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from search_spaces.architectures import ARCHITECTURES
from search_spaces.attacks import ATTACKS
from search_spaces.datasets import DATASETS
from search_spaces.defenses import DEFENSE_PARTS, Defense
from search_spaces.evaluation import EVALUATORS
from search_spaces.priors import PRIORS
from search_spaces.registry import KindSettings, Registry
from search_spaces.targets import FREEZE_UNITS
from trainables.implementations import implementation_of

ROOT = Path(__file__).parent.parent


KINDS: dict[str, tuple[Registry[Any], str]] = {
    "attacks": (ATTACKS, "AttackContract"),
    "defenses": (DEFENSE_PARTS, "DefenseContract"),
    "datasets": (DATASETS, "DatasetContract"),
    "evaluators": (EVALUATORS, "EvaluatorContract"),
    "generators": (PRIORS, "PriorContract"),
}
"""Folder of ``trainables`` -> the kinds that it implements, and the contract that their tests inherit."""


def kinds_with_contract(folder: str, contract: str) -> set[str]:
    """Return the kinds whose settings stand in a test class of ``folder`` that inherits ``contract``."""
    found = set()
    for path in (ROOT / "tests" / "trainables" / folder).glob("test_*.py"):
        module = importlib.import_module(f"tests.trainables.{folder}.{path.stem}")
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.ClassDef):
                continue
            cls = getattr(module, node.name)
            if contract in [base.__name__ for base in cls.__mro__[1:]]:
                values = [getattr(cls, "settings", None), *named_in_fixtures(node, module)]
                found |= {kind for value in values for kind in kinds_of(value)}
    return found


def named_in_fixtures(test_class: ast.ClassDef, module: ModuleType) -> list[object]:
    """Return what the names in those functions of a test class stand for that make its settings."""
    functions = [
        node for node in test_class.body if isinstance(node, ast.FunctionDef) and "settings" in node.name
    ]
    names = {part.id for node in functions for part in ast.walk(node) if isinstance(part, ast.Name)}
    return [getattr(module, name, None) for name in names]


def kinds_of(value: object) -> set[str]:
    """Return the kind of settings or of a class of settings; of a defence the kinds of its parts."""
    if isinstance(value, Defense):
        return {part.kind for part in value.parts}
    cls = value if isinstance(value, type) else type(value)
    return {cls.kind_name()} if issubclass(cls, KindSettings) else set()


@pytest.mark.parametrize("folder", KINDS)
def test_every_kind_is_implemented_and_inherits_its_contract(folder: str) -> None:
    registry, contract = KINDS[folder]
    assert all(implementation_of(cls) for cls in registry)
    assert kinds_with_contract(folder, contract) >= set(registry.kinds)


@pytest.mark.parametrize("architecture", ARCHITECTURES.kinds)
def test_declared_freeze_units_are_those_of_the_network(architecture: str) -> None:
    import torch

    from trainables.models import build_network

    with torch.device("meta"):
        target = build_network(architecture, 3, 64)
    assert len(target.freeze_units) == FREEZE_UNITS[architecture]
