"""What every evaluator must do."""

from dataclasses import replace
from typing import ClassVar

import pytest
import torch

from search_spaces import EvaluatorConfig
from search_spaces.datasets import DrawnPersons
from search_spaces.evaluation import EVALUATORS, EvaluatorSettings
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.datasets.dataset import FaceData, LabelledImages
from trainables.evaluators import (
    Evaluator,
    NotJudgeable,
    build_evaluator,
    evaluator_from_tensors,
    evaluator_tensors,
)

TINY = tiny_face_data(classes=4, train_per_class=8, test_per_class=3, public_classes=6, public_per_class=8)


class EvaluatorContract:
    """Inherit it as ``class TestMine(EvaluatorContract): settings = Mine()``."""

    settings: ClassVar[EvaluatorSettings]
    data: ClassVar[FaceData] = TINY
    """Data that it can judge: four private classes, in colour, 32 pixels a side."""

    @classmethod
    def config(cls) -> EvaluatorConfig:
        """Return a configuration; the data settings only name the data, which is given in memory."""
        return EvaluatorConfig(data=DrawnPersons(), evaluator=cls.settings)

    @pytest.fixture(scope="class")
    @classmethod
    def evaluator(cls) -> Evaluator:
        """Return the evaluator, built on the data."""
        torch.set_num_threads(1)
        return build_evaluator(cls.config(), cls.data)

    def test_settings_name_this_evaluator(self, evaluator: Evaluator) -> None:
        assert EVALUATORS[self.settings.kind] is type(self.settings)
        assert evaluator.name == self.settings.kind

    def test_judgement_has_a_feature_and_a_score_per_class(self, evaluator: Evaluator) -> None:
        feature, scores = evaluator.judge(self.data.private_test.images[:5])
        assert scores.shape == (5, self.data.num_classes)
        assert feature.ndim == 2
        assert len(feature) == 5
        for part in (feature, scores):
            assert part.dtype == torch.float32
            assert part.device.type == "cpu"
            assert torch.isfinite(part).all()
            assert not part.requires_grad

    def test_accuracy_is_the_share_of_real_test_pictures_given_their_class(
        self, evaluator: Evaluator
    ) -> None:
        test = self.data.private_test
        predicted = evaluator.judge(test.images).scores.argmax(1)
        assert evaluator.accuracy == (predicted == test.labels).double().mean().item()

    def test_it_recognises_real_pictures(self, evaluator: Evaluator) -> None:
        assert evaluator.accuracy >= 0.75

    def test_a_picture_is_judged_alike_alone_and_among_others(self, evaluator: Evaluator) -> None:
        images = self.data.private_test.images
        together = evaluator.judge(images)
        for k in range(3):
            alone = evaluator.judge(images[k : k + 1])
            torch.testing.assert_close(alone.feature[0], together.feature[k], atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(alone.scores[0], together.scores[k], atol=1e-4, rtol=1e-4)

    def test_judging_changes_neither_pictures_nor_evaluator(self, evaluator: Evaluator) -> None:
        images = self.data.private_test.images.clone()
        first = evaluator.judge(images)
        assert torch.equal(images, self.data.private_test.images)
        assert torch.equal(first.scores, evaluator.judge(images).scores)

    def test_different_pictures_have_different_features(self, evaluator: Evaluator) -> None:
        feature, _ = evaluator.judge(self.data.private_test.images)
        assert not torch.allclose(feature[0], feature[-1])

    def test_only_8_bit_pictures_are_judged(self, evaluator: Evaluator) -> None:
        with pytest.raises(TypeError, match="8-bit"):
            evaluator.judge(self.data.private_test.images.float() / 255)

    def test_kept_tensors_restore_it_bit_for_bit(self, evaluator: Evaluator) -> None:
        again = evaluator_from_tensors(self.config(), self.data, evaluator_tensors(evaluator))
        images = self.data.private_test.images
        assert again.accuracy == evaluator.accuracy
        assert all(
            torch.equal(*pair) for pair in zip(again.judge(images), evaluator.judge(images), strict=True)
        )

    def test_building_it_again_gives_the_same_bits(self, evaluator: Evaluator) -> None:
        torch.manual_seed(99)
        again = evaluator_tensors(build_evaluator(self.config(), self.data))
        assert all(torch.equal(tensor, again[name]) for name, tensor in evaluator_tensors(evaluator).items())

    def test_data_without_test_pictures_is_refused(self) -> None:
        test = self.data.private_test
        empty = replace(self.data, private_test=LabelledImages(test.images[:0], test.labels[:0]))
        with pytest.raises(NotJudgeable, match="no private test pictures"):
            build_evaluator(self.config(), empty)
