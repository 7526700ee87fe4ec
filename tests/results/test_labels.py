"""A configuration is called by its parts and their parameters, whoever wrote the parts."""

import json
from typing import Any

import pytest

from results.defenses import parameter_columns, read_defense
from results.labels import configuration_label, searched_name
from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOCOCO, BiDOHSIC
from search_spaces.defenses.freezing import TLDMI, LayerWise
from search_spaces.defenses.mid import MID

LABELS: list[tuple[Defense, str]] = [
    (Defense(), "No-Def"),
    (Defense.of(MID(lambda_mid=0.003)), "MID (λ 0.003)"),
    (Defense.of(MID(lambda_mid=0.0, prediction="mean")), "MID (λ 0, mean prediction)"),
    (Defense.of(BiDOCOCO(lambda_x=5.0, lambda_y=50.0)), "BiDO-COCO (λx 5, λy 50)"),
    (Defense.of(BiDOHSIC(lambda_x=0.05123456, lambda_y=0.5)), "BiDO-HSIC (λx 0.0512, λy 0.5)"),
    (Defense.of(TLDMI(freeze_depth=14)), "TL-DMI (depth 14)"),
    (Defense.of(LayerWise(trainable=("first", "last"))), "Layer-wise (trained first+last)"),
    (
        Defense.of(TLDMI(freeze_depth=7, frozen_bn="eval"), MID(lambda_mid=0.01)),
        "TL-DMI + MID (depth 7, λ 0.01, frozen BN in eval)",
    ),
    (
        Defense.of(TLDMI(freeze_depth=8), BiDOHSIC(lambda_x=0.03, lambda_y=0.4)),
        "TL-DMI + BiDO-HSIC (depth 8, λx 0.03, λy 0.4)",
    ),
]


@pytest.mark.parametrize(("defense", "label"), LABELS)
def test_labels_say_the_defence_and_its_parameters(defense: Defense, label: str) -> None:
    assert configuration_label(defense.columns()) == label


def row(*parts: dict[str, Any], **described: dict[str, Any]) -> dict[str, Any]:
    descriptions = [{"kind": part["kind"], **described.get(part["kind"], {})} for part in parts]
    return {
        "defense": "+".join(part["kind"] for part in parts),
        "defense_settings": json.dumps(parts),
        "defense_parts": json.dumps(descriptions),
    }


def test_parts_that_nobody_has_seen_are_named_as_they_name_themselves() -> None:
    mine = row(
        {"kind": "mine", "beta": 0.12345, "mode": "hard", "layers": ["a", "b"], "plain": True},
        {"kind": "theirs"},
        mine={
            "label": "My defence",
            "fields": [
                {"name": "beta", "symbol": "β"},
                {"name": "mode", "symbol": "{} targets", "default": "soft"},
                {"name": "layers"},
                {"name": "plain", "default": True},
            ],
        },
    )
    assert configuration_label(mine) == "My defence + theirs (β 0.123, layers a+b, hard targets)"
    assert read_defense(mine).columns == {"beta": 0.12345, "mode": "hard", "layers": "a+b", "plain": True}


def test_a_name_that_two_parts_share_or_a_table_has_becomes_one_of_its_part() -> None:
    both = row({"kind": "one", "weight": 1.0, "seed": 3}, {"kind": "two", "weight": 2.0})
    assert read_defense(both).columns == {"one.weight": 1.0, "one.seed": 3, "two.weight": 2.0}


def test_searched_parameters_are_named_by_the_families_of_the_sweep() -> None:
    families = {
        kind: read_defense(one.columns()) for kind, one in {"bido_hsic": Defense.of(BiDOHSIC())}.items()
    }
    assert searched_name("bido_hsic.lambda_x", families) == "BiDO-HSIC: λx"
    assert searched_name("bido_hsic.lambda_y_ratio", families) == "BiDO-HSIC: λy/λx"
    assert searched_name("unseen.depth", families) == "unseen: depth"
    assert searched_name("defense", families) != "defense"


@pytest.mark.parametrize("damaged", ["", "{", "3", '[{"kind": "tl_dmi"}, 4]', "null"])
def test_a_damaged_row_is_still_named(damaged: str) -> None:
    found = read_defense({"defense": "tl_dmi", "defense_settings": damaged, "defense_parts": damaged})
    assert found.name == "tl_dmi"


def test_columns_are_those_of_all_defences_in_the_order_of_their_fields() -> None:
    defenses = (Defense(), Defense.of(TLDMI(freeze_depth=3)), Defense.of(BiDOHSIC()))
    columns = parameter_columns(read_defense(one.columns()) for one in defenses)
    assert columns == ("freeze_depth", "frozen_bn", "lambda_x", "lambda_y")
