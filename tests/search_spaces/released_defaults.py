"""Defaults of every settings class, as they were when each field was first released.

``python -m tests.search_spaces.released_defaults`` adds fields that are new and changes none that is there.
"""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import search_spaces
from search_spaces.settings import Settings

FILE = Path(__file__).with_suffix(".json")
REQUIRED = "(required)"

Defaults = dict[str, dict[str, Any]]
"""Name of a class -> its fields -> their defaults as JSON; ``REQUIRED`` where there is none."""


def settings_classes() -> dict[str, type[Settings]]:
    """Return the settings classes of the package ``search_spaces`` by name, in alphabetic order."""
    for module in pkgutil.walk_packages(search_spaces.__path__, "search_spaces."):
        importlib.import_module(module.name)
    classes = {f"{cls.__module__}.{cls.__qualname__}": cls for cls in _subclasses(Settings)}
    return {
        name: cls
        for name, cls in sorted(classes.items())
        if getattr(importlib.import_module(cls.__module__), cls.__name__, None) is cls
    }


def defaults_of(cls: type[Settings]) -> dict[str, Any]:
    """Return the defaults of one class as plain JSON values."""
    defaults = {}
    for name, field in cls.model_fields.items():
        value = REQUIRED if field.is_required() else field.get_default(call_default_factory=True)
        defaults[name] = json.loads(json.dumps(value, default=_plain))
    return defaults


def read_released() -> Defaults:
    """Return the defaults that were released."""
    released: Defaults = json.loads(FILE.read_text())
    return released


def _subclasses(cls: type[Settings]) -> Iterator[type[Settings]]:
    for sub in cls.__subclasses__():
        if sub.__module__.startswith("search_spaces."):
            yield sub
        yield from _subclasses(sub)


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{value!r} has no JSON form")


def main() -> None:
    """Add what is new to the file; refuse a new field of a released class that would move identities."""
    released = read_released() if FILE.exists() else {}
    for name, cls in settings_classes().items():
        known = released.get(name, {})
        moving = set(cls.model_fields) - set(known) - cls.omitted_defaults
        if known and moving:
            raise SystemExit(f"{name}: name {sorted(moving)} in omitted_defaults first")
        released[name] = defaults_of(cls) | known
    FILE.write_text(json.dumps(released, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
