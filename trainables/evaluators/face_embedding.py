"""A face network trained elsewhere on other people.

A private class is the centroid of its training pictures.
"""

from collections.abc import Callable
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from search_spaces.evaluation import FaceEmbedding
from trainables.datasets.dataset import FaceData, LabelledImages
from trainables.evaluators.evaluator import JUDGED_BATCH, Evaluator, Judgement, resized
from trainables.implementations import implements
from trainables.models.face_resnet import load_face_resnet
from trainables.models.sface import load_sface
from trainables.step import device
from trainables.training.accuracy import unit_range


class Embedder(NamedTuple):
    """How to get a face network and the side, in pixels, of the colour pictures in [0, 1] that it takes."""

    load: Callable[[], nn.Module]
    size: int


EMBEDDERS: dict[str, Embedder] = {
    "sface": Embedder(load_sface, 112),
    "face_resnet": Embedder(load_face_resnet, 150),
}
"""The face networks that may judge. Use one of another family than T."""


@implements(FaceEmbedding)
class FaceEmbeddingEvaluator(Evaluator):
    """Scores are cosine similarities to the centroids, the feature is the L2-normalised embedding."""

    name = "face_embedding"

    def __init__(self, embedder: Embedder, network: nn.Module, centroids: Tensor) -> None:
        self.embedder = embedder
        self.network = network
        self.centroids = centroids.to(device())

    @classmethod
    def build(cls, settings: FaceEmbedding, data: FaceData) -> Self:
        """Measure the centroids of the classes of D_priv train."""
        embedder = EMBEDDERS[settings.network]
        network = _ready(embedder)
        return cls(embedder, network, _centroids(embedder, network, data.private_train, data.num_classes))

    @classmethod
    def restore(cls, settings: FaceEmbedding, data: FaceData, tensors: dict[str, Tensor]) -> Self:
        """Return the evaluator whose ``tensors`` were kept; the network comes from its package again."""
        embedder = EMBEDDERS[settings.network]
        return cls(embedder, _ready(embedder), tensors["centroids"])

    def judge_batch(self, images: Tensor) -> Judgement:
        """Return the normalised embeddings and their cosine similarities to the centroids (K, d)."""
        feature = _embedded(self.embedder, self.network, images)
        return Judgement(feature, feature @ self.centroids.T)

    def tensors(self) -> dict[str, Tensor]:
        """Return the centroids."""
        return {"centroids": self.centroids}


def _ready(embedder: Embedder) -> nn.Module:
    network = embedder.load().to(device()).eval().requires_grad_(False)
    return network.to(memory_format=torch.channels_last)  # faster on a CPU


def _embedded(embedder: Embedder, network: nn.Module, images: Tensor) -> Tensor:
    return normalize(network(resized(images, embedder.size)), dim=1)


def _centroids(embedder: Embedder, network: nn.Module, pictures: LabelledImages, classes: int) -> Tensor:
    """Return (classes, d): the normalised mean of the normalised embeddings of each class."""
    batches = torch.split(pictures.images, JUDGED_BATCH)
    with torch.no_grad():
        features = torch.cat([_embedded(embedder, network, unit_range(batch)).cpu() for batch in batches])
    means = torch.stack([features[pictures.labels == label].mean(0) for label in range(classes)])
    return normalize(means, dim=1)
