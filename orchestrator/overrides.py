"""Settings changed on the command line: ``--set target.epochs=3`` on top of a space and its setup."""

from collections.abc import Sequence
from typing import Any, NoReturn

import yaml
from pydantic import ValidationError

from search_spaces import InvalidSpace, Setup, Space
from search_spaces.defenses import AS_WRITTEN
from search_spaces.setting_errors import SettingError, did_you_mean, setting_errors

ROOTS: dict[str, type[Space] | type[Setup]] = {"space": Space, "setup": Setup}
PREVAILING = frozenset({"attacked_classes"})
"""Settings of both of which the space's holds: without a root, that one is meant."""


def apply_assignments(space: Space, setup: Setup, assignments: Sequence[str]) -> tuple[Space, Setup]:
    """Return both with each ``KEY=VALUE`` of ``assignments`` applied and everything validated anew.

    KEY is a dotted path; an item of a list is named by its index or its kind (``attacks.gmi.iterations``).
    It starts with a field of the space or of the setup, or with ``space`` or ``setup`` to say which. VALUE
    is YAML. Raises ``InvalidSpace`` for a path that leads nowhere, and for values that are not allowed.
    """
    if not assignments:
        return space, setup
    plain = {
        "space": space.model_dump(exclude_unset=True, context=AS_WRITTEN),
        "setup": setup.model_dump(exclude_unset=True),
    }
    for assignment in assignments:
        _assign(plain, assignment)
    errors = [error for root, model in ROOTS.items() for error in _errors(model, plain[root])]
    if errors:
        raise InvalidSpace.of("--set", errors)
    return Space.model_validate(plain["space"]), Setup.model_validate(plain["setup"])


def _assign(plain: dict[str, Any], assignment: str) -> None:
    key, equals, text = assignment.partition("=")
    if not equals or not key:
        raise InvalidSpace(f"--set {assignment}: give KEY=VALUE, for example target.epochs=3")
    path = _add_root(key.split("."))
    place: Any = plain
    for name in path[:-1]:
        place = _enter(place, name, assignment)
    if isinstance(place, list | tuple):
        raise InvalidSpace(f"--set {assignment}: name a value inside the item {path[-1]!r}")
    place[path[-1]] = _value(text, assignment)


def _add_root(path: list[str]) -> list[str]:
    """Return ``path`` starting with ``space`` or ``setup``, whichever has it; raises ``InvalidSpace``."""
    if path[0] in ROOTS:
        return path
    if path[0] in PREVAILING:
        return ["space", *path]
    homes = [root for root, model in ROOTS.items() if path[0] in model.model_fields]
    if len(homes) != 1:
        known = sorted({name for model in ROOTS.values() for name in model.model_fields})
        _refuse(path[0], homes, known)
    return [homes[0], *path]


def _refuse(name: str, homes: list[str], known: list[str]) -> NoReturn:
    if homes:
        full = " or ".join(f"{home}.{name}" for home in homes)
        raise InvalidSpace(f"--set {name}: both space and setup have it; write {full}")
    raise InvalidSpace(
        f"--set {name}: no such setting; there are {', '.join(known)}.{did_you_mean(name, known)}"
    )


def _enter(place: Any, name: str, assignment: str) -> Any:  # noqa: ANN401  (plain YAML values)
    """Return what lies under ``name``; lists are copied open so that their items can be changed."""
    if isinstance(place, list | tuple):
        return _item(place, name, assignment)
    inner = place.get(name, {})
    if isinstance(inner, tuple):
        inner = list(inner)
    if not isinstance(inner, dict | list):
        raise InvalidSpace(f"--set {assignment}: {name} is the value {inner!r}, and has no inner settings")
    place[name] = inner
    return inner


def _item(place: Sequence[Any], name: str, assignment: str) -> Any:  # noqa: ANN401  (plain YAML values)
    if name.isdigit() and int(name) < len(place):
        return place[int(name)]
    for item in place:
        if isinstance(item, dict) and item.get("kind") == name:
            return item
    kinds = [item["kind"] for item in place if isinstance(item, dict) and "kind" in item]
    raise InvalidSpace(f"--set {assignment}: no item {name!r}; there are {', '.join(kinds) or len(place)}")


def _value(text: str, assignment: str) -> Any:  # noqa: ANN401  (plain YAML values)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidSpace(f"--set {assignment}: the value is malformed YAML: {error}") from error


def _errors(model: type[Space] | type[Setup], plain: dict[str, Any]) -> list[SettingError]:
    try:
        model.model_validate(plain)
    except ValidationError as error:
        return setting_errors(error, model)
    return []
