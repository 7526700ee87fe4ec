"""The face network as judge: nearest centroid by cosine similarity."""

import pytest
import torch
from PIL import Image
from torch.nn.functional import normalize

from search_spaces.evaluation import FaceEmbedding
from tldmi_sweep.testing.evaluator_contract import TINY, EvaluatorContract
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.evaluators import Evaluator, build_evaluator
from trainables.evaluators.evaluator import resized

FEW = tiny_face_data(classes=4, train_per_class=3, test_per_class=2)


class TestFaceEmbedding(EvaluatorContract):
    settings = FaceEmbedding(network="sface")
    data = FEW

    def test_features_have_length_one_and_scores_are_cosines(self, evaluator: Evaluator) -> None:
        feature, scores = evaluator.judge(self.data.private_test.images)
        torch.testing.assert_close(feature.norm(dim=1), torch.ones(len(feature)))
        assert scores.abs().max() <= 1 + 1e-5

    def test_scores_are_similarities_to_the_centroids_of_the_training_pictures(
        self, evaluator: Evaluator
    ) -> None:
        train = self.data.private_train
        embedded = evaluator.judge(train.images).feature
        centroids = torch.stack([embedded[train.labels == k].mean(0) for k in range(4)])
        feature, scores = evaluator.judge(self.data.private_test.images)
        torch.testing.assert_close(scores, feature @ normalize(centroids).T, atol=1e-5, rtol=1e-4)


class TestFaceEmbeddingOfTheFaceResNet(EvaluatorContract):
    settings = FaceEmbedding(network="face_resnet")
    data = FEW


def test_grey_pictures_are_judged_as_grey_colour_ones() -> None:
    config = TestFaceEmbedding.config()
    grey = tiny_face_data(classes=2, train_per_class=1, test_per_class=1, channels=1)
    judgement = build_evaluator(config, grey).judge(grey.private_test.images)
    assert torch.isfinite(judgement.scores).all()


@pytest.mark.parametrize("size", [112, 20])
def test_pictures_are_resized_as_pillow_does(size: int) -> None:
    image = TINY.private_test.images[0]
    pillow = Image.fromarray(image.permute(1, 2, 0).numpy()).resize((size, size), Image.Resampling.BILINEAR)
    expected = (
        torch.frombuffer(bytearray(pillow.tobytes()), dtype=torch.uint8)
        .reshape(size, size, 3)
        .permute(2, 0, 1)
    )
    ours = resized(image[None].float() / 255, size)[0] * 255
    assert (ours - expected.float()).abs().max() <= 1.01
