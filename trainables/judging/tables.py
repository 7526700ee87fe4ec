"""The rows an attack writes: one for the attack, one for each reconstruction."""

from collections.abc import Mapping, Sequence
from typing import Any

from results.defenses import DEFENSE_COLUMNS
from results.statistics.intervals import bootstrap_over_classes
from search_spaces import AttackConfig, canonical_json
from trainables.attacks import Reconstructions
from trainables.judging.sheet import SheetLayout
from trainables.metrics import (
    CENTROID_DISTANCE,
    KNN_DISTANCE,
    LPIPS,
    TARGET_CONFIDENCE,
    TOP1,
    TOP5,
    Judged,
    ranks,
    restart_sd,
)

FROM_TARGET = (
    "target_id",
    "config_id",
    *DEFENSE_COLUMNS,
    "label",
    "control",
    "seed",
    "classes",
    "acc",
)
"""Columns of the attacks table that repeat the row of T."""


def described(config: AttackConfig, target_row: Mapping[str, Any], attacked_classes: int) -> dict[str, Any]:
    """Return the columns that are known before the attack."""
    return {
        **{name: target_row[name] for name in FROM_TARGET},
        "attack_id": config.piece_id,
        "attack": config.attack.kind,
        "attack_label": config.attack.name,
        "attack_seed": config.attack.seed,
        "attack_settings": canonical_json(config.attack),
        "budget_factor": config.attack.budget_factor(),
        "generator_id": config.prior_config.piece_id,
        "attacked_classes": attacked_classes,
        "restarts": config.attack.restarts,
        "chance": 1 / target_row["classes"],
    }


def counted(result: Reconstructions) -> dict[str, Any]:
    """Return the columns that count rows and queries."""
    with_start = set(result.class_index[result.found].tolist())
    return {
        "reconstructions": len(result),
        "classes_without_start": len(set(result.class_index.tolist()) - with_start),
        "queries": result.total_queries,
    }


def headline_columns(judged: Judged) -> dict[str, float | None]:
    """Return the metrics of the headline evaluator."""
    restarts = len(set(judged.restart.tolist()))
    low, high = bootstrap_over_classes(TOP1.per_row(judged).view(-1, restarts).numpy())
    return {
        "att_acc": TOP1.value(judged),
        "att_acc_top5": TOP5.value(judged),
        "att_acc_low": low,
        "att_acc_high": high,
        "att_acc_restart_sd": restart_sd(judged),
        "target_confidence": TARGET_CONFIDENCE.value(judged),
        "knn_distance": KNN_DISTANCE.value(judged),
        "centroid_distance": CENTROID_DISTANCE.value(judged),
    }


def second_columns(judged: Judged) -> dict[str, float | None]:
    """Return the metrics of the second evaluator."""
    return {"second_att_acc": TOP1.value(judged), "second_att_acc_top5": TOP5.value(judged)}


def reconstruction_rows(
    config: AttackConfig,
    result: Reconstructions,
    judged: Sequence[Judged],
    class_names: Sequence[str],
    sheet: str,
    layout: SheetLayout,
    attributes: Sequence[str | None],
) -> list[dict[str, Any]]:
    """Return a row of the reconstructions table per row of ``result``; ``judged``: headline, then second.

    Rows that the sheet leaves out have no place in it. ``attributes``: those that each row shows, as JSON.
    """
    known = {
        "attack_id": config.piece_id,
        "target_id": config.target.piece_id,
        "attack": config.attack.kind,
    }
    columns = {
        **_plain_columns(result, class_names),
        **_judged_columns(judged),
        "attributes": list(attributes),
        **_sheet_columns(len(result), sheet, layout),
    }
    names, values = list(columns), zip(*columns.values(), strict=True)
    return [known | dict(zip(names, row, strict=True)) for row in values]


def _plain_columns(result: Reconstructions, class_names: Sequence[str]) -> dict[str, list[Any]]:
    numbers = result.class_index.tolist()
    found = result.found.tolist()
    return {
        "class_index": numbers,
        "class_name": [class_names[number] for number in numbers],
        "restart": result.restart.tolist(),
        "found": found,
        "queries": result.queries.tolist(),
        "measured": _where(found, _measured_texts(result)),
    }


def _measured_texts(result: Reconstructions) -> list[str | None]:
    """Return what the attack alone measures of each row, as canonical JSON."""
    if result.radius is None:
        return [None] * len(result)
    return [
        canonical_json({"radius": radius}) if found else None
        for found, radius in zip(result.found.tolist(), result.radius.tolist(), strict=True)
    ]


def _judged_columns(judged: Sequence[Judged]) -> dict[str, list[Any]]:
    headline, found = judged[0], judged[0].found.tolist()
    columns = {
        "target_confidence": _where(found, TARGET_CONFIDENCE.per_row(headline).tolist()),
        "knn_distance": _where(found, KNN_DISTANCE.per_row(headline).tolist()),
        "centroid_distance": _where(found, CENTROID_DISTANCE.per_row(headline).tolist()),
        "lpips": _where(_measured(headline), LPIPS.per_row(headline).tolist()),
    }
    for prefix, one in zip(("", "second_"), judged, strict=False):
        columns[f"{prefix}predicted"] = _where(found, one.scores.argmax(1).tolist())
        columns[f"{prefix}rank"] = _where(found, ranks(one).tolist())
    return columns


def _measured(judged: Judged) -> list[bool]:
    """Return which rows have an LPIPS distance."""
    found: list[bool] = judged.found.tolist()
    return found if judged.perceptual_distance is not None else [False] * len(found)


def _sheet_columns(rows: int, sheet: str, layout: SheetLayout) -> dict[str, list[Any]]:
    cells = [layout.cell(row) for row in range(rows)]
    return {
        "sheet": [sheet if cell else None for cell in cells],
        "sheet_row": [cell[0] if cell else None for cell in cells],
        "sheet_column": [cell[1] if cell else None for cell in cells],
    }


def _where(found: Sequence[bool], values: Sequence[Any]) -> list[Any]:
    """Return ``values``, null for rows without a picture."""
    return [value if kept else None for kept, value in zip(found, values, strict=True)]
