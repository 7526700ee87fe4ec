"""Attributes that reconstructions show: shares over all rows, pooled over seeds, against a guess."""

import json
from typing import Any

import pyarrow as pa
import pytest

from results.statistics.attributes import attribute_leaks

CHECKS = json.dumps(
    {"skin": {"guess": 0.3, "evaluator_acc": 0.99}, "hair": {"guess": 0.5, "evaluator_acc": 0.9}}
)


def attack(attack_id: str, checks: str | None = CHECKS) -> dict[str, Any]:
    return {"attack_id": attack_id, "attribute_checks": checks}


def rows(*made: tuple[str, int, str | None, str | None]) -> pa.Table:
    """Return reconstructions of (attack, class, skin shown, hair shown); all persons are dark, bob."""
    texts = [
        None if skin is None else json.dumps({"skin": ["dark", skin], "hair": ["bob", hair]})
        for _, _, skin, hair in made
    ]
    return pa.table(
        {
            "attack_id": [each[0] for each in made],
            "class_index": [each[1] for each in made],
            "attributes": pa.array(texts, pa.string()),
        }
    )


def test_shares_pool_the_seeds_and_what_gains_most_comes_first() -> None:
    made = rows(
        ("a", 0, "dark", "bob"), ("a", 1, "dark", "bun"), ("b", 0, "dark", "bun"), ("b", 1, "light", "bob"),
        ("other", 0, "light", "bun"),
    )  # fmt: skip
    skin, hair = attribute_leaks([attack("a"), attack("b")], made)
    assert (skin.attribute, skin.share, skin.guess, skin.evaluator_acc) == ("skin", 0.75, 0.3, 0.99)
    assert (hair.attribute, hair.share) == ("hair", 0.5)


def test_a_row_without_a_picture_shows_no_attribute() -> None:
    skin, _ = attribute_leaks([attack("a")], rows(("a", 0, "dark", "bob"), ("a", 1, None, None)))
    assert skin.share == 0.5


def test_a_leak_is_an_interval_above_the_guess() -> None:
    shown = rows(*(("a", index, "dark", "bob" if index % 2 else "bun") for index in range(100)))
    skin, hair = attribute_leaks([attack("a")], shown)
    assert skin.leaks
    assert not hair.leaks
    assert hair.interval is not None
    assert hair.interval[0] < 0.5 < hair.interval[1]


@pytest.mark.parametrize("attacks", [[], [attack("a", None)]])
def test_there_are_none_where_the_evaluator_reads_none(attacks: list[dict[str, Any]]) -> None:
    assert attribute_leaks(attacks, rows(("a", 0, None, None))) == []
