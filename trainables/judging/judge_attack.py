"""Judges what one attack made: its columns, the sheet of pictures, and the table of reconstructions."""

from typing import Any

from torch import Tensor

from results.stores.store import Store
from search_spaces import AttackConfig
from trainables.attacks import Reconstructions
from trainables.datasets.dataset import FaceData
from trainables.judging.attributes import attribute_checks, attribute_texts
from trainables.judging.image_quality import quality_columns, with_perceptual_distances
from trainables.judging.judging import Judge, judged, target_probability
from trainables.judging.sheet import contact_sheet, sheet_layout
from trainables.judging.tables import counted, headline_columns, reconstruction_rows, second_columns
from trainables.models.target_model import TargetModel


def judge_attack(
    config: AttackConfig,
    store: Store,
    data: FaceData,
    target: TargetModel,
    judges: list[Judge],
    result: Reconstructions,
) -> dict[str, Any]:
    """Return the measured columns; write the sheet and the reconstructions table."""
    probability = target_probability(result, target)
    views = [judged(result, probability, judge) for judge in judges]
    quality = config.image_quality
    views[0] = with_perceptual_distances(quality, data, result, views[0])
    sheet = f"artifacts/sheets/{config.piece_id}.png"
    layout = sheet_layout(len(result), config.attack.restarts, config.kept_pictures)
    store.put_bytes(sheet, contact_sheet(result.images, result.found, layout))
    shown = attribute_texts(result, judges[0].evaluator, data)
    rows = reconstruction_rows(config, result, views, data.class_names, sheet, layout, shown)
    store.write_rows("reconstructions", config.piece_id, rows)
    return {
        **counted(result),
        **_judge_columns(judges, result.class_index),
        **headline_columns(views[0]),
        **quality_columns(quality, store, data, result, views[0], judges[0].evaluator.name),
        **(second_columns(views[1]) if len(judges) > 1 else {}),
        "attribute_checks": attribute_checks(
            judges[0].evaluator, data, sorted(set(result.class_index.tolist()))
        ),
        "sheet": sheet,
    }


def _judge_columns(judges: list[Judge], attacked: Tensor) -> dict[str, Any]:
    """Return who judges, headline evaluator first, and what is known of each."""
    columns: dict[str, Any] = {}
    for prefix, judge in zip(("", "second_"), judges, strict=False):
        columns[f"{prefix}evaluator"] = judge.evaluator.name
        columns[f"{prefix}evaluator_acc"] = judge.evaluator.accuracy
        columns[f"{prefix}evaluator_false_positive"] = judge.false_positive_rate(attacked)
        columns[f"{prefix}evaluator_deceived_classes"] = judge.deceived_classes(attacked)
    return columns
