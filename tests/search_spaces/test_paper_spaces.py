"""The spaces of the supplement's tables hold what is printed there, row by row."""

from typing import Any

import pandas as pd
import pytest

from results.paper import printed
from search_spaces import load_space
from search_spaces.defenses import AS_WRITTEN
from search_spaces.targets import PAPER_FREEZE_DEPTHS

MILLIONS = {
    "vgg16": {15.0: 7, 13.9: 8, 11.5: 9, 9.1: 10, 2.1: 13},
    "ir152": {17.8: 48},
    "facenet64": {34.4: 7},
    "resnet34": {21.1: 4},
    "resnet18": {8.9: 7},
    "maxvit": {18.3: 10},
    "resnest101": {27.9: 23},
}
"""Printed theta_C in millions -> freeze depth; tests of the networks count the parameters."""

LOST_IN_PRINT = {("resnet34", "bido_hsic"): {"lambda_x": 0.1}}


def as_settings(row: dict[str, Any]) -> dict[str, Any]:
    """Return a printed row as a space writes it."""
    found = {"kind": row["defense"], **LOST_IN_PRINT.get((row["target"], row["defense"]), {})}
    found |= {
        name: float(row[name]) for name in ("lambda_mid", "lambda_x", "lambda_y") if pd.notna(row.get(name))
    }
    if "tl_dmi" in row["defense"]:
        found["freeze_depth"] = MILLIONS[row["target"]][row["theta_c_m"]]
    return found


def anchors(space: str, target: str | None = None) -> list[dict[str, Any]]:
    found = load_space(space)
    listed = found.per_target[target].anchors if target else found.anchors
    return [defense.model_dump(exclude_unset=True, context=AS_WRITTEN) for defense in listed]


TABLE12 = printed("targets").to_dict("records")


@pytest.mark.parametrize("target", sorted({row["target"] for row in TABLE12}))
def test_table12_holds_every_printed_row_of_each_target(target: str) -> None:
    rows = [as_settings(row) for row in TABLE12 if row["target"] == target and row["defense"] != "no_def"]
    assert anchors("table12", target) == rows


def test_printed_freeze_depths_are_those_of_the_targets() -> None:
    assert {name: tuple(depths.values()) for name, depths in MILLIONS.items()} == PAPER_FREEZE_DEPTHS


def test_bido_sensitivity_begins_with_table_10_and_holds_bido_of_table_12() -> None:
    table10 = [
        {"kind": "bido_hsic", "lambda_x": row["lambda_x"], "lambda_y": row["lambda_y"]}
        for row in printed("bido_sensitivity").to_dict("records")
    ]
    found = anchors("bido_sensitivity")
    assert found[: len(table10)] == table10
    bido = [
        as_settings(row) for row in TABLE12 if row["target"] == "vgg16" and row["defense"].startswith("bido")
    ]
    assert [row for row in bido if row not in found] == []


@pytest.mark.parametrize(("target", "attack"), [("vgg16", "lomma"), ("resnet101", "ppa")])
def test_mid_lambda_holds_the_weights_of_table_3(target: str, attack: str) -> None:
    rows = [row for row in printed("results").to_dict("records") if row["source"] == "table3"]
    weights = [row["lambda_mid"] for row in rows if (row["attack"], row["defense"]) == (attack, "mid")]
    found = [row["lambda_mid"] for row in anchors("mid_lambda", target) if row["kind"] == "mid"]
    assert found[: len(weights)] == weights


@pytest.mark.parametrize("target", ["vgg16", "ir152", "facenet64"])
def test_training_time_holds_the_rows_of_table_13(target: str) -> None:
    rows = printed("training_time").to_dict("records")
    kinds = [row["defense"] for row in rows if row["target"] == target and row["defense"] != "no_def"]
    assert [row["kind"] for row in anchors("training_time", target)] == kinds
    table12 = anchors("table12", target)
    assert [row for row in anchors("training_time", target) if row not in table12] == []


def test_pretrain_effect_tries_the_depths_of_figure_2() -> None:
    own = load_space("pretrain_effect").per_target["vgg16"]
    depths = {defense.flat()["freeze_depth"] for defense in own.anchors if defense.kind == "tl_dmi"}
    figure2 = printed("figures").query("source == 'fig2' and theta_c_m < 16").theta_c_m
    assert {MILLIONS["vgg16"][theta_c] for theta_c in figure2} <= depths
    assert len(own.pretrained) >= 2


def test_layerwise_compares_the_two_sets_of_figure_3() -> None:
    (room,) = (room for room in load_space("layerwise").defenses if room.kind == "layer_wise")
    assert room.trainable.choice[:2] == ("first+last", "middle+last")
