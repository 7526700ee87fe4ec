"""Rows of the tables from judged rows whose two evaluators disagree."""

import dataclasses

import torch

from search_spaces import AttackConfig, TargetConfig
from search_spaces.attacks import GMI
from search_spaces.datasets import ORLFaces
from search_spaces.defenses import Defense
from search_spaces.evaluation import FaceEmbedding
from search_spaces.priors import WGANGP
from search_spaces.targets import TargetSettings
from tests.contracts.metric_contract import CLASSES, RESTARTS, judged_rows, perfect_rows
from trainables.attacks import Reconstructions
from trainables.judging.sheet import sheet_layout
from trainables.judging.tables import counted, headline_columns, reconstruction_rows, second_columns

CONFIG = AttackConfig(
    target=TargetConfig(
        data=ORLFaces(), target=TargetSettings(architecture="small_vgg"), defense=Defense(), seed=0
    ),
    attack=GMI(),
    prior=WGANGP(),
    evaluators=(FaceEmbedding(),),
)
NAMES = [f"person {number}" for number in range(CLASSES)]


def test_classes_without_a_start_and_all_queries_are_counted() -> None:
    found = torch.tensor([True, False, False, False, True, True])
    result = Reconstructions(
        latents=torch.zeros(6, 2),
        images=torch.zeros(6, 1, 4, 4, dtype=torch.uint8),
        class_index=torch.tensor([3, 3, 5, 5, 8, 8]),
        restart=torch.tensor([0, 1] * 3),
        found=found,
        queries=torch.tensor([4, 0, 0, 0, 4, 4]),
        shared_queries=7,
    )
    assert counted(result) == {"reconstructions": 6, "classes_without_start": 1, "queries": 19}


def test_each_evaluator_has_its_own_columns() -> None:
    headline, second = perfect_rows(), judged_rows(4)
    found = second.found
    headline = dataclasses.replace(headline, found=found)
    rows = CLASSES * RESTARTS
    result = Reconstructions(
        latents=torch.zeros(rows, 2),
        images=torch.zeros(rows, 1, 4, 4, dtype=torch.uint8),
        class_index=headline.class_index,
        restart=headline.restart,
        found=found,
        queries=torch.arange(rows),
        shared_queries=7,
    )
    layout = sheet_layout(rows, RESTARTS, most=2 * CLASSES)
    texts = [f'{{"row":{number}}}' for number in range(rows)]
    table = reconstruction_rows(CONFIG, result, [headline, second], NAMES, "sheet.png", layout, texts)
    for number, row in enumerate(table):
        kept = bool(found[number])
        assert row["rank"] == (0 if kept else None)
        assert row["predicted"] == (row["class_index"] if kept else None)
        assert row["second_predicted"] == (int(second.scores[number].argmax()) if kept else None)
        assert row["class_name"] == NAMES[row["class_index"]]
        assert row["queries"] == number
        assert row["measured"] is None
        assert row["attributes"] == texts[number]
        shown = row["restart"] < 2
        assert row["sheet"] == ("sheet.png" if shown else None)
        assert row["sheet_column"] == (row["restart"] if shown else None)
        assert row["sheet_row"] == (row["class_index"] if shown else None)
        assert headline.perceptual_distance is not None
        assert row["lpips"] == (float(headline.perceptual_distance[number]) if kept else None)
    assert any(row["second_rank"] not in (0, None) for row in table)


def test_metrics_of_the_evaluators_are_not_mixed_up() -> None:
    first, second = headline_columns(perfect_rows()), second_columns(judged_rows(4))
    assert first["att_acc"] == 1.0
    assert second["second_att_acc"] is not None
    assert second["second_att_acc"] < 0.5
    assert first["att_acc_restart_sd"] == 0.0
