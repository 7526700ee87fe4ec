"""Judging: every row keeps its own picture's judgement, and private features are computed once."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from results.store import open_store
from search_spaces import EvaluatorConfig
from search_spaces.datasets import ORLFaces
from search_spaces.evaluation import FaceEmbedding
from tests.fixtures.tiny_faces import tiny_face_data
from trainables import judging
from trainables.attacks import Reconstructions
from trainables.evaluators import Judgement
from trainables.judging import Judge, judged, load_judge, target_probability
from trainables.models.small_vgg import small_vgg

DATA = tiny_face_data(classes=3, resolution=16)


class PixelEvaluator:
    """The feature of a picture is its first pixel's colour, and so are its scores."""

    name = "pixel"
    accuracy = 0.5

    def __init__(self) -> None:
        self.calls = 0

    def judge(self, images: Tensor) -> Judgement:
        """Return the colour of the first pixel of uint8 ``images``."""
        self.calls += 1
        colour = images[:, :, 0, 0].float()
        return Judgement(colour, colour)


def result(found: list[bool]) -> Reconstructions:
    """Return random 16x16 pictures of classes 0, 1, 2, ...; those not found are black."""
    rows, kept = len(found), torch.tensor(found)
    images = torch.randint(1, 256, (rows, 3, 16, 16), generator=torch.Generator().manual_seed(0))
    return Reconstructions(
        latents=torch.zeros(rows, 2),
        images=(images * kept[:, None, None, None]).to(torch.uint8),
        class_index=torch.arange(rows),
        restart=torch.zeros(rows, dtype=torch.int64),
        found=kept,
        queries=torch.zeros(rows, dtype=torch.int64),
        shared_queries=0,
    )


@pytest.mark.parametrize("found", [[True, False, True], [False, True, True], [False, False, False]])
def test_judgements_stay_with_their_rows(found: list[bool]) -> None:
    pictures, evaluator = result(found), PixelEvaluator()
    real = evaluator.judge(DATA.private_train.images).feature
    view = judged(pictures, torch.zeros(3), Judge(evaluator, real, DATA.private_train.labels))
    expected = pictures.images[:, :, 0, 0].float()  # black where there is no picture
    assert torch.equal(view.features, expected)
    assert torch.equal(view.scores, expected)
    assert evaluator.calls == 1 + any(found)


def test_target_probability_is_the_softmax_of_the_attacked_class() -> None:
    pictures, target = result([True, False, True]), small_vgg(3, 16).eval()
    expected = target(pictures.images.float() / 255).logits.softmax(1).diagonal() * torch.tensor([1, 0, 1])
    torch.testing.assert_close(target_probability(pictures, target), expected.detach())


def test_private_features_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, evaluator = open_store(str(tmp_path), create=True), PixelEvaluator()
    config = EvaluatorConfig(data=ORLFaces(), evaluator=FaceEmbedding())
    monkeypatch.setattr(judging, "load_evaluator", lambda config, store: evaluator)
    store.put_bytes(judging.evaluator_path(config), b"built before")
    first, second = load_judge(config, store, DATA), load_judge(config, store, DATA)
    assert evaluator.calls == 1
    assert torch.equal(first.private_features, DATA.private_train.images[:, :, 0, 0].float())
    assert torch.equal(first.private_features, second.private_features)
    assert torch.equal(first.private_labels, DATA.private_train.labels)
