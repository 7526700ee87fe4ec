"""An identity stands for what it stood for: a released default never changes, an added field is left out.

A field in ``released_defaults.json`` that did not belong to its class from the start is named in the class's
``omitted_defaults``; so the identities of what was made before the field stay.
"""

from typing import Annotated, ClassVar

import pytest
from pydantic import Field

from search_spaces import identity
from search_spaces.settings import Settings
from tests.search_spaces.released_defaults import defaults_of, read_released, settings_classes

RELEASED = read_released()
CLASSES = settings_classes()


def test_every_settings_class_is_on_record() -> None:
    new = sorted(set(CLASSES) - set(RELEASED))
    assert not new, f"run python -m tests.search_spaces.released_defaults to record {new}"


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_default_never_changes(name: str) -> None:
    if name not in CLASSES:
        pytest.fail(f"{name} is gone: stores hold settings of that class")
    now = defaults_of(CLASSES[name])
    assert {field: now.get(field, "(gone)") for field in RELEASED[name]} == RELEASED[name]


@pytest.mark.parametrize("name", CLASSES)
def test_a_field_that_was_added_later_is_left_out_while_it_has_its_default(name: str) -> None:
    cls = CLASSES[name]
    added = set(cls.model_fields) - set(RELEASED.get(name, cls.model_fields))
    assert added <= cls.omitted_defaults, f"name {sorted(added)} in omitted_defaults of {name}"


class First(Settings):
    epochs: int = 50


class Later(Settings):
    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"erasing"})

    epochs: int = 50
    erasing: Annotated[float, Field(ge=0)] = 0.0


def test_an_added_field_moves_no_identity_until_it_is_used() -> None:
    assert identity(Later()) == identity(First())
    assert identity(Later(erasing=0.5)) != identity(First())
