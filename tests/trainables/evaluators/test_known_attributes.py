"""Attributes read off pictures by a network that never saw a private person."""

from dataclasses import replace

import pytest
import torch

from search_spaces.evaluation import KnownAttributes
from tldmi_sweep.testing.evaluator_contract import TINY, EvaluatorContract
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.datasets.dataset import LabelledImages
from trainables.evaluators import Evaluator, NotJudgeable, build_evaluator
from trainables.evaluators.known_attributes import AttributeScores

PUBLIC = {"hair": ("long", "none", "none"), "skin": ("dark", "light", "dark")}


class TestKnownAttributes(EvaluatorContract):
    settings = KnownAttributes(epochs=12, width=6)
    data = tiny_face_data(
        classes=4, train_per_class=4, test_per_class=3, public_classes=24, public_per_class=6
    )

    def test_private_pictures_are_never_seen_in_training(self, evaluator: Evaluator) -> None:
        train = self.data.private_train
        other = replace(self.data, private_train=LabelledImages(255 - train.images, train.labels))
        again = build_evaluator(self.config(), other)
        images = self.data.private_test.images
        assert torch.equal(again.judge(images).scores, evaluator.judge(images).scores)

    def test_data_without_attributes_are_refused(self) -> None:
        with pytest.raises(NotJudgeable, match="tiny_faces has no known attributes"):
            build_evaluator(self.config(), replace(TINY, attributes={}))


def test_scores_are_sums_of_log_probabilities() -> None:
    attributes = AttributeScores(PUBLIC)
    assert attributes.values == {"hair": ["long", "none"], "skin": ["dark", "light"]}
    persons = {"hair": ("none", "long"), "skin": ("light", "light")}
    logits = torch.tensor([[0.0, 1.0, 2.0, 0.5]])
    hair, skin = torch.tensor([0.0, 1.0]).log_softmax(0), torch.tensor([2.0, 0.5]).log_softmax(0)
    expected = torch.stack([hair[1] + skin[1], hair[0] + skin[1]])
    torch.testing.assert_close(attributes.scores(logits, attributes.table(persons))[0], expected)


def test_a_value_that_no_public_person_has_scores_as_a_guess() -> None:
    attributes = AttributeScores(PUBLIC)
    table = attributes.table({"hair": ("purple",), "skin": ("dark",)})
    scores = attributes.scores(torch.tensor([[5.0, -5.0, 1.0, 1.0]]), table)
    torch.testing.assert_close(scores, torch.tensor([[0.25]]).log())
