"""Settings of attacks: what they refuse, and what they leave out of rows and identities."""

import pytest
from pydantic import ValidationError

from search_spaces import identity
from search_spaces.attacks import BREPMI, GMI, LOMMA


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"sphere_points": 16}, "inside_to_grow 29 of sphere_points 16: the radius would never grow"),
        ({"inside_to_grow": 33}, "inside_to_grow 33 of sphere_points 32"),
        ({"query_budget": 32}, "query_budget 32: one step costs 33 queries"),
    ],
)
def test_a_walk_that_could_not_step_or_grow_is_refused(settings: dict[str, int], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        BREPMI.model_validate(settings)


def test_the_smallest_walk_is_taken() -> None:
    assert BREPMI(sphere_points=1, inside_to_grow=1, query_budget=2).query_budget == 2


@pytest.mark.parametrize(
    ("plain", "used", "name"),
    [
        (GMI(), GMI(micro_batch=64), "micro_batch"),
        (GMI(), GMI(compile=True), "compile"),
        (GMI(), GMI(keep="surest"), "keep"),
    ],
)
def test_settings_that_were_added_are_written_only_where_used(
    plain: GMI | LOMMA, used: GMI | LOMMA, name: str
) -> None:
    assert name not in plain.model_dump(mode="json")
    assert name in used.model_dump(mode="json")
    assert identity(plain) != identity(used)
    assert type(used).model_validate(used.model_dump(mode="json")) == used
