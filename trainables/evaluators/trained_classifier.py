"""A small CNN trained on D_priv, the published way of judging.

Optimistic where there are few private pictures.
"""

from typing import Self

from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.evaluation import TrainedClassifier
from trainables.datasets.dataset import FaceData
from trainables.defenses.defense import DefenseLoss, plain_loss
from trainables.evaluators.evaluator import Evaluator, Judgement
from trainables.evaluators.small_network import SmallNetwork, small_network
from trainables.step import device
from trainables.training import Recipe, Training


class CrossEntropy:
    """Plain cross-entropy on the logits of a network."""

    def train_mode(self, model: nn.Module) -> None:
        """Put ``model`` into training mode."""
        model.train()

    def loss(self, model: nn.Module, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the cross-entropy of ``images`` (B, C, S, S) in [0, 1]."""
        return plain_loss(model(images).logits, labels)


class TrainedClassifierEvaluator(Evaluator):
    """Scores are the logits, the feature is the penultimate layer (128)."""

    name = "trained_classifier"

    def __init__(self, network: SmallNetwork) -> None:
        self.network = network.to(device()).eval().requires_grad_(False)

    @classmethod
    def build(cls, settings: TrainedClassifier, data: FaceData) -> Self:
        """Train the network on D_priv train. Raises ``TrainingFailed``."""
        network = _fresh(settings, data)
        recipe = Recipe(settings.epochs, settings.batch_size, settings.learning_rate)
        Training(network, CrossEntropy(), recipe, data.private_train, data.num_classes, settings.seed).run()
        return cls(network)

    @classmethod
    def restore(cls, settings: TrainedClassifier, data: FaceData, tensors: dict[str, Tensor]) -> Self:
        """Return the evaluator whose ``tensors`` were kept."""
        network = _fresh(settings, data)
        network.load_state_dict(tensors)
        return cls(network)

    def judge_batch(self, images: Tensor) -> Judgement:
        """Return the penultimate layer and the logits."""
        return Judgement(*self.network(images))

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights."""
        return dict(self.network.state_dict())


def _fresh(settings: TrainedClassifier, data: FaceData) -> SmallNetwork:
    seed = seed_stream(settings.seed, "init")
    return small_network(data.num_classes, data.channels, settings.width, data.resolution, seed)
