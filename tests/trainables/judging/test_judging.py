"""Judging: every row keeps its own picture's judgement, and private features are computed once."""

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor

import trainables.evaluator
from results.stores.opening import open_store
from search_spaces import EvaluatorConfig, seed_stream
from search_spaces.datasets import ORLFaces
from search_spaces.evaluation import FaceEmbedding
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.attacks import Reconstructions
from trainables.build import StepFailed
from trainables.datasets.dataset import LabelledImages
from trainables.evaluators import Evaluator, Judgement
from trainables.judging import judging
from trainables.judging.judging import Judge, judged, load_judge, target_probability
from trainables.metrics import accepted_as, accepting_scores
from trainables.models.small_vgg import small_vgg
from trainables.training.training import TrainingFailed

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
    judge = Judge(evaluator, real, DATA.private_train.labels, torch.zeros(0))
    view = judged(pictures, torch.zeros(3), judge)
    expected = pictures.images[:, :, 0, 0].float()  # black where there is no picture
    assert torch.equal(view.features, expected)
    assert torch.equal(view.scores, expected)
    assert evaluator.calls == 1 + any(found)


def test_target_probability_is_the_softmax_of_the_attacked_class() -> None:
    pictures, target = result([True, False, True]), small_vgg(3, 16).eval()
    expected = target(pictures.images.float() / 255).logits.softmax(1).diagonal() * torch.tensor([1, 0, 1])
    torch.testing.assert_close(target_probability(pictures, target), expected.detach())


@pytest.fixture
def pixel_judge(monkeypatch: pytest.MonkeyPatch) -> PixelEvaluator:
    """Let every configuration stand for one pixel evaluator."""
    evaluator = PixelEvaluator()
    monkeypatch.setattr(judging, "load_evaluator", lambda config, store: evaluator)
    return evaluator


CONFIG = EvaluatorConfig(data=ORLFaces(), evaluator=FaceEmbedding())


def test_real_pictures_are_looked_at_once(tmp_path: Path, pixel_judge: PixelEvaluator) -> None:
    store = open_store(str(tmp_path), create=True)
    first, second = load_judge(CONFIG, store, DATA), load_judge(CONFIG, store, DATA)
    assert pixel_judge.calls == 3  # private test, public, private train
    assert torch.equal(first.private_features, DATA.private_train.images[:, :, 0, 0].float())
    assert torch.equal(first.private_features, second.private_features)
    assert torch.equal(first.private_labels, DATA.private_train.labels)
    assert torch.equal(first.accepted, second.accepted)


def test_strangers_are_accepted_by_the_definition(
    tmp_path: Path, pixel_judge: PixelEvaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "MOST_STRANGERS", 5)
    judge = load_judge(CONFIG, open_store(str(tmp_path), create=True), DATA)
    assert len(judge.accepted) == 5
    test = DATA.private_test
    accepting = accepting_scores(test.images[:, :, 0, 0].float(), test.labels)
    every = accepted_as(DATA.public.images[:, :, 0, 0].float(), accepting).tolist()
    assert judge.accepted.tolist() == [every[index] for index in judging.some_public(DATA).tolist()]
    rate = judge.false_positive_rate(torch.arange(3))
    assert rate == pytest.approx(sum(one >= 0 for one in judge.accepted.tolist()) / 5)
    deceived = {one for one in judge.accepted.tolist() if one in range(3)}
    assert judge.deceived_classes(torch.arange(3)) == pytest.approx(len(deceived) / 3)


def test_of_many_strangers_some_are_drawn_from_their_own_stream() -> None:
    many = LabelledImages(torch.zeros(2500, 1, 1, 1, dtype=torch.uint8), torch.zeros(2500, dtype=torch.int64))
    chosen = judging.some_public(dataclasses.replace(DATA, public=many))
    stream = torch.Generator().manual_seed(seed_stream(0, "strangers"))
    assert chosen.tolist() == sorted(torch.randperm(2500, generator=stream)[:2000].tolist())


def test_data_without_public_pictures_have_no_false_positive_rate(
    tmp_path: Path, pixel_judge: PixelEvaluator
) -> None:
    nobody = LabelledImages(DATA.public.images[:0], DATA.public.labels[:0])
    alone = dataclasses.replace(DATA, public=nobody)
    judge = load_judge(CONFIG, open_store(str(tmp_path), create=True), alone)
    assert judge.false_positive_rate(torch.arange(3)) is None
    assert judge.deceived_classes(torch.arange(3)) is None


def test_an_evaluator_that_cannot_be_built_fails_the_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> Evaluator:
        raise TrainingFailed("the loss is not finite", [])

    monkeypatch.setattr(trainables.evaluator, "build_evaluator", failing)
    with pytest.raises(StepFailed, match="evaluator face_embedding: the loss is not finite"):
        load_judge(CONFIG, open_store(str(tmp_path), create=True), DATA)
