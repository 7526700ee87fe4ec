"""Every kind that a space may name has its implementation, and every implementation its contract test."""

import ast
import importlib
from pathlib import Path
from typing import Any, get_args

import pytest

from search_spaces.architectures import ARCHITECTURES
from search_spaces.attacks import ATTACKS
from search_spaces.datasets import DATASETS
from search_spaces.defenses import DEFENSE_PARTS
from search_spaces.evaluation import EVALUATORS
from search_spaces.registry import Registry
from search_spaces.targets import FREEZE_UNITS
from trainables.implementations import implementation_of

ROOT = Path(__file__).parent.parent


def kinds(union: Any) -> set[str]:
    """Return the kinds of a tagged union of settings."""
    if isinstance(union, Registry):
        return set(union.kinds)
    members = get_args(get_args(union)[0])
    return {member.model_fields["kind"].default for member in members}


ROOMS = {
    "attacks": (ATTACKS, "AttackContract"),
    "defenses": (DEFENSE_PARTS, "DefenseContract"),
    "datasets": (DATASETS, "DatasetContract"),
    "evaluators": (EVALUATORS, "EvaluatorContract"),
}


def registered(room: str) -> set[str]:
    kinds = ROOMS[room][0]
    if isinstance(kinds, Registry):
        return {cls.kind_name() for cls in kinds if implementation_of(cls)}
    return set(importlib.import_module(f"trainables.{room}").REGISTRY)


def contract_kinds(room: str, contract: str) -> set[str]:
    """Return the ``kind`` of every test class of ``room`` that inherits ``contract``."""
    found = set()
    for path in (ROOT / "tests" / "trainables" / room).glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ClassDef) or contract not in [
                ast.unparse(base) for base in node.bases
            ]:
                continue
            for statement in node.body:
                if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
                    continue
                if "kind" in ast.unparse(statement).split(":")[0].split(" =")[0]:
                    found.add(ast.literal_eval(statement.value))
                names = {part.id for part in ast.walk(statement.value) if isinstance(part, ast.Name)}
                found |= {cls.kind_name() for cls in DEFENSE_PARTS if cls.__name__ in names}
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_settings_and_implementations_agree(room: str) -> None:
    assert registered(room) == kinds(ROOMS[room][0])


@pytest.mark.parametrize("room", ROOMS)
def test_every_implementation_inherits_its_contract(room: str) -> None:
    union, contract = ROOMS[room]
    assert contract_kinds(room, contract) == kinds(union)


@pytest.mark.parametrize("architecture", ARCHITECTURES.kinds)
def test_declared_freeze_units_are_those_of_the_network(architecture: str) -> None:
    import torch

    from trainables.models import build_network

    with torch.device("meta"):
        target = build_network(architecture, 3, 64)
    assert len(target.freeze_units) == FREEZE_UNITS[architecture]
