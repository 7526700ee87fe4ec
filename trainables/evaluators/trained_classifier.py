"""A classifier of the private people, the published way of judging.

A small CNN, or one of the published networks. Optimistic where there are few private pictures, and where the
attacked T started from the same D_pretrain weights (FaceNet64 and FaceNet112 do).
"""

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.evaluation import TrainedClassifier
from search_spaces.files import PinnedFile
from trainables.datasets.dataset import FaceData, LabelledImages
from trainables.evaluators.evaluator import Evaluator, Judgement
from trainables.evaluators.published_networks import (
    EnlargedNetwork,
    published_network,
    trained_as_classifier,
)
from trainables.evaluators.small_network import small_network
from trainables.implementations import implements
from trainables.models.ir_network import IRSE50
from trainables.models.pretrained import load_pretrained, read_weights
from trainables.objective import CrossEntropy
from trainables.step import device
from trainables.training.accuracy import unit_range
from trainables.training.recipe import Recipe
from trainables.training.training import Training
from trainables.weights.fitting import require_fit

AT_ONCE = 32
"""Pictures in one forward pass: at 299x299 more of them need gigabytes."""

HEAD = "head.weight"


@implements(TrainedClassifier)
class TrainedClassifierEvaluator(Evaluator):
    """Scores are the logits, the feature is the penultimate layer (128; IR networks 512, Inception 2048)."""

    name = "trained_classifier"

    def __init__(self, network: nn.Module) -> None:
        self.network = network.to(device()).eval().requires_grad_(False)

    @classmethod
    def build(cls, settings: TrainedClassifier, data: FaceData) -> Self:
        """Train the network on D_priv train, or load ``settings.checkpoint``.

        Raises ``TrainingFailed``, ``PretrainedUnusable`` and ``WeightsMismatch``.
        """
        if settings.checkpoint is not None:
            return cls(_loaded(settings, settings.checkpoint, data))
        network = _fresh(settings, data, trained=True)
        if settings.pretrained is not None and isinstance(network, EnlargedNetwork):
            load_pretrained(network.network, settings.architecture, settings.pretrained)
        recipe = Recipe(settings.epochs, settings.batch_size, settings.learning_rate)
        Training(network, CrossEntropy(), recipe, data.private_train, data.num_classes, settings.seed).run()
        return cls(network)

    @classmethod
    def restore(cls, settings: TrainedClassifier, data: FaceData, tensors: dict[str, Tensor]) -> Self:
        """Return the evaluator whose ``tensors`` were kept."""
        network = _fresh(settings, data, trained_as_classifier(tensors))
        network.load_state_dict(tensors)
        return cls(network)

    def judge_batch(self, images: Tensor) -> Judgement:
        """Return the penultimate layer and the logits."""
        if not isinstance(self.network, EnlargedNetwork):
            return Judgement(*self.network(images))
        parts = [self.network(part) for part in torch.split(images, AT_ONCE)]
        feature, logits = (torch.cat(part) for part in zip(*parts, strict=True))
        return Judgement(feature, logits)

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights."""
        return dict(self.network.state_dict())


def _fresh(settings: TrainedClassifier, data: FaceData, trained: bool) -> nn.Module:
    seed = seed_stream(settings.seed, "init")
    if settings.architecture == "small_cnn":
        return small_network(data.num_classes, data.channels, settings.width, data.resolution, seed)
    return published_network(settings.architecture, data.num_classes, trained, seed)


def _loaded(settings: TrainedClassifier, checkpoint: PinnedFile, data: FaceData) -> nn.Module:
    """Return the network with the weights of ``checkpoint``; an IR-SE50 without head gets prototypes."""
    state = read_weights(checkpoint)
    network = _fresh(settings, data, trained_as_classifier(state))
    inner = network.network if isinstance(network, EnlargedNetwork) else network
    by_prototypes = isinstance(inner, IRSE50) and HEAD not in state
    _load_all(inner, {**_head(inner), **state} if by_prototypes else state, str(checkpoint.path))
    if isinstance(inner, IRSE50) and by_prototypes:
        inner.set_prototypes(_prototypes(network, data.private_train, data.num_classes))
    return network


def _head(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in network.state_dict().items() if name.startswith("head.")}


def _load_all(network: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    own, given = (
        {name: tensor for name, tensor in tensors.items() if name not in {"mean", "std"}}
        for tensors in (network.state_dict(), state)
    )
    require_fit(own, given, source)
    network.load_state_dict(given, strict=False)


def _prototypes(network: nn.Module, pictures: LabelledImages, classes: int) -> Tensor:
    """Return (classes, d) on the CPU: the mean feature of each class, as VMI measures it."""
    embedder = network.to(device()).eval()
    with torch.no_grad():
        parts = [embedder(unit_range(part)).feature.cpu() for part in torch.split(pictures.images, AT_ONCE)]
    features = torch.cat(parts)
    return torch.stack([features[pictures.labels == label].mean(0) for label in range(classes)])
