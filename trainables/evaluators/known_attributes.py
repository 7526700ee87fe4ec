"""Known attributes of drawn persons, read off a picture by a network trained on public persons only.

Half of the pictures it learns from are softened, so that it is unsure of what a soft reconstruction does not
show (glasses, say) and goes by what it shows, instead of being sure of something wrong.
"""

from collections.abc import Mapping
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from search_spaces import seed_stream
from search_spaces.evaluation import KnownAttributes
from trainables.datasets.dataset import FaceData
from trainables.evaluators.evaluator import JUDGED_BATCH, Evaluator, Judgement, NotJudgeable
from trainables.evaluators.small_network import SmallNetwork, small_network
from trainables.implementations import implements
from trainables.memory import split_to_fit
from trainables.objective import BatchLoss, Objective
from trainables.step import device
from trainables.training.accuracy import unit_range
from trainables.training.recipe import Recipe
from trainables.training.training import Training

BATCH_SIZE = 64
LEARNING_RATE = 2e-3
SOFTENING = (2, 4)
"""Softened pictures have lost this factor of their resolution."""

Persons = Mapping[str, tuple[str, ...]]
"""Attribute -> value of each person."""


class AttributeScores:
    """Log-probabilities of persons from one softmax per attribute.

    ``values`` lists, per attribute, the values of the public persons: the network has one output for each, in
    this order. A value that no public person has cannot be learnt; it scores as a uniform guess.
    """

    def __init__(self, public: Persons) -> None:
        self.values = {name: sorted(set(public[name])) for name in sorted(public)}
        self.sizes = [len(known) for known in self.values.values()]

    def table(self, persons: Persons) -> Tensor:
        """Return (K, attributes) int64.

        The index of each person's value, or the number of values for an unknown one.
        """
        columns = [
            torch.tensor([known.index(value) if value in known else len(known) for value in persons[name]])
            for name, known in self.values.items()
        ]
        return torch.stack(columns, 1)

    def scores(self, logits: Tensor, table: Tensor) -> Tensor:
        """Return (B, K).

        The sum over the attributes of log p(value of person k), for ``logits`` (B, all values).
        """
        total = logits.new_zeros(len(logits), len(table))
        for part, wanted in zip(
            torch.split(logits, self.sizes, 1), table.to(logits.device).unbind(1), strict=True
        ):
            guess = -torch.log(part.new_full((len(part), 1), part.shape[1]))
            total = total + torch.cat([part.log_softmax(1), guess], 1)[:, wanted]
        return total


class PersonLikelihood(Objective[SmallNetwork]):
    """Trains the network on the attributes of the pictured person.

    The mean cross-entropy summed over attributes.
    """

    def __init__(self, attributes: AttributeScores, table: Tensor, seed: int) -> None:
        self.attributes = attributes
        self.table = table
        self._softening = torch.Generator().manual_seed(seed_stream(seed, "softening"))

    def loss(self, model: SmallNetwork, images: Tensor, labels: Tensor, num_classes: int) -> BatchLoss:
        """Return the loss of ``images`` (B, C, S, S) in [0, 1]; ``labels`` are the persons' numbers."""
        scores = self.attributes.scores(model(self._some_softened(images)).logits, self.table)
        total = -scores.gather(1, labels[:, None]).mean()
        return BatchLoss(total, scores.detach(), {"cross_entropy": total.detach()})

    def _some_softened(self, images: Tensor) -> Tensor:
        factor = SOFTENING[int(torch.randint(len(SOFTENING), (), generator=self._softening))]
        chosen = torch.rand(len(images), generator=self._softening) < 0.5
        return torch.where(chosen.to(images.device)[:, None, None, None], softened(images, factor), images)


def softened(images: Tensor, factor: int) -> Tensor:
    """Return ``images`` (B, C, S, S) averaged over squares of ``factor`` pixels and enlarged smoothly."""
    small = F.avg_pool2d(images, factor)
    return F.interpolate(small, images.shape[-2:], mode="bilinear", align_corners=False)


@implements(KnownAttributes)
class KnownAttributesEvaluator(Evaluator):
    """Scores are log-likelihoods of the private persons' attributes; features those of ``SmallNetwork``."""

    name = "known_attributes"

    def __init__(self, network: SmallNetwork, attributes: AttributeScores, table: Tensor) -> None:
        self.network = network.to(device()).eval().requires_grad_(False)
        self.attributes = attributes
        self.table = table

    @classmethod
    def build(cls, settings: KnownAttributes, data: FaceData) -> Self:
        """Train the network on the public persons.

        Raises ``NotJudgeable`` without attributes, and ``TrainingFailed``.
        """
        attributes = _attributes(data)
        network = _fresh(settings, data, attributes)
        recipe = Recipe(settings.epochs, BATCH_SIZE, LEARNING_RATE)
        persons = attributes.table(data.public_attributes)
        objective = PersonLikelihood(attributes, persons, settings.seed)
        Training(network, objective, recipe, data.public, len(data.public_class_names), settings.seed).run()
        return cls(network, attributes, attributes.table(data.attributes))

    @classmethod
    def restore(cls, settings: KnownAttributes, data: FaceData, tensors: dict[str, Tensor]) -> Self:
        """Return the evaluator whose ``tensors`` were kept."""
        attributes = _attributes(data)
        network = _fresh(settings, data, attributes)
        network.load_state_dict(tensors)
        return cls(network, attributes, attributes.table(data.attributes))

    def judge_batch(self, images: Tensor) -> Judgement:
        """Return the penultimate layer and the log-likelihood of each private person."""
        feature, logits = self.network(images)
        return Judgement(feature, self.attributes.scores(logits, self.table))

    def read_attributes(self, images: Tensor) -> Mapping[str, list[str]]:
        """Return for uint8 ``images`` (B, C, S, S) attribute -> its most likely value on each."""
        if not len(images):
            return {name: [] for name in self.attributes.values}
        with torch.no_grad():
            parts = split_to_fit(
                images, JUDGED_BATCH, lambda batch: self.network(unit_range(batch)).logits.cpu(), self.name
            )
        likeliest = [
            part.argmax(1).tolist() for part in torch.split(torch.cat(parts), self.attributes.sizes, 1)
        ]
        return {
            name: [known[index] for index in indices]
            for (name, known), indices in zip(self.attributes.values.items(), likeliest, strict=True)
        }

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights."""
        return dict(self.network.state_dict())


def _attributes(data: FaceData) -> AttributeScores:
    if not data.attributes or not data.public_attributes:
        raise NotJudgeable(
            f"evaluator known_attributes: data set {data.name} has no known attributes (drawn_persons has); "
            "use face_embedding or trained_classifier"
        )
    return AttributeScores(data.public_attributes)


def _fresh(settings: KnownAttributes, data: FaceData, attributes: AttributeScores) -> SmallNetwork:
    seed = seed_stream(settings.seed, "init")
    return small_network(sum(attributes.sizes), data.channels, settings.width, data.resolution, seed)
