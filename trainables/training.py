"""The one supervised training loop: targets under every defence, and the evaluators that are trained."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Generic, Literal, NamedTuple, Protocol, Self, TypeVar

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.targets import TargetSettings
from trainables.batches import classes_by_images, shuffled
from trainables.datasets.dataset import LabelledImages
from trainables.defenses.defense import DefenseLoss
from trainables.step import StepFailed, device

EVALUATION_BATCH = 256
"""Pictures in one forward pass without a graph."""

Model = TypeVar("Model", bound=nn.Module)
ModelIn = TypeVar("ModelIn", bound=nn.Module, contravariant=True)


@dataclass(frozen=True)
class Recipe:
    """How long and with what a network is trained; the names and meanings are those of ``TargetSettings``."""

    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: Literal["sgd", "adam"] = "adam"
    momentum: float = 0.9
    weight_decay: float = 0.0
    horizontal_flip: float = 0.5
    images_per_class_in_batch: int | None = None

    @classmethod
    def of(cls, settings: TargetSettings) -> Self:
        """Return the recipe part of a target's settings."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})


class Objective(Protocol[ModelIn]):
    """What a network is trained on; every ``Defense`` is one."""

    def train_mode(self, model: ModelIn) -> None:
        """Put ``model`` into training mode; called at the start of each epoch."""

    def loss(self, model: ModelIn, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the loss of ``images`` (B, C, S, S) in [0, 1] and int64 ``labels`` (B,)."""


class EpochRow(NamedTuple):
    """One epoch of a training.

    The columns of the curves table but the target's id. Means over the batches.
    """

    epoch: int
    loss: float
    cross_entropy: float
    dependence_x: float | None
    dependence_y: float | None
    train_acc: float
    learning_rate: float


class TrainingFailed(StepFailed):
    """The training ended without a usable network; ``curve`` holds the epochs that were finished."""

    def __init__(self, reason: str, curve: list[EpochRow]) -> None:
        super().__init__(reason)
        self.curve = curve


def unit_range(images: Tensor) -> Tensor:
    """Return uint8 ``images`` as float32 in [0, 1] on the device of all steps.

    Raises ``TypeError`` for other types.

    >>> unit_range(torch.tensor([0, 255], dtype=torch.uint8)).tolist()
    [0.0, 1.0]
    """
    if images.dtype != torch.uint8:
        raise TypeError(f"images of type {images.dtype}: 8-bit pictures (torch.uint8) are expected here")
    return images.to(device()).float() / 255


class Training(Generic[Model]):
    """One training of ``model`` on ``pictures``; every draw comes from streams named under ``seed``."""

    def __init__(
        self,
        model: Model,
        objective: Objective[Model],
        recipe: Recipe,
        pictures: LabelledImages,
        num_classes: int,
        seed: int,
    ) -> None:
        self.model = model.to(device())
        self.objective = objective
        self.recipe = recipe
        self.pictures = pictures
        self.num_classes = num_classes
        self.curve: list[EpochRow] = []
        self._seed = seed
        self._order = torch.Generator().manual_seed(seed_stream(seed, "order"))
        self._flips = torch.Generator().manual_seed(seed_stream(seed, "flips"))
        self._optimizer = _optimizer(model, recipe)

    def run(self) -> list[EpochRow]:
        """Train for the recipe's epochs and return the curve.

        The model is trained in place, and left in eval mode. The same bits for the same seed, whatever the
        state of the global generators. Raises ``TrainingFailed`` when a loss or a weight is not finite, or
        when every picture of the last epoch was given one class.
        """
        with layers_seeded(seed_stream(self._seed, "layers")):
            for epoch in range(self.recipe.epochs):
                means = self._epoch(epoch)
                self.curve.append(means.row(epoch, self.recipe.learning_rate))
        self._require_usable(means)
        self.model.eval()
        return self.curve

    def _epoch(self, epoch: int) -> "_Means":
        self.objective.train_mode(self.model)
        means = _Means(self.num_classes)
        for indices in self._batches():
            images = _flipped(self.pictures.images[indices], self.recipe.horizontal_flip, self._flips)
            labels = self.pictures.labels[indices].to(device())
            loss = self.objective.loss(self.model, unit_range(images), labels, self.num_classes)
            if not math.isfinite(means.add(loss, labels)):
                raise TrainingFailed(f"the loss is not finite in epoch {epoch}", self.curve)
            self._optimizer.zero_grad(set_to_none=True)
            loss.total.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
        return means

    def _batches(self) -> Iterator[Tensor]:
        size, per_class = self.recipe.batch_size, self.recipe.images_per_class_in_batch
        if per_class is None:
            return shuffled(len(self.pictures), size, self._order)
        return classes_by_images(self.pictures.labels, size, per_class, self._order)

    def _require_usable(self, last: "_Means") -> None:
        broken = [
            name for name, tensor in self.model.state_dict().items() if not torch.isfinite(tensor).all()
        ]
        if broken:
            raise TrainingFailed(
                f"weights are not finite after training: {', '.join(broken[:3])}", self.curve
            )
        if int(last.given.sum()) == 1:
            only = int(last.given.nonzero()[0, 0])
            raise TrainingFailed(f"collapsed: every training picture was given class {only}", self.curve)


class _Means:
    """Means over the batches of one epoch; one transfer from the device per batch."""

    def __init__(self, num_classes: int) -> None:
        self.batches = 0
        self.pictures = 0
        self.terms = [0.0, 0.0, 0.0, 0.0]
        self.dependent = False
        self.correct = torch.zeros((), dtype=torch.int64, device=device())
        self.given = torch.zeros(num_classes, dtype=torch.bool, device=device())

    def add(self, loss: DefenseLoss, labels: Tensor) -> float:
        """Count one batch and return its total loss."""
        nothing = torch.zeros_like(loss.cross_entropy)
        parts = (loss.total.detach(), loss.cross_entropy, loss.dependence_x, loss.dependence_y)
        terms = torch.stack([nothing.double() if part is None else part.double() for part in parts]).tolist()
        self.terms = [mean + term for mean, term in zip(self.terms, terms, strict=True)]
        predicted = loss.logits.argmax(1)
        self.given[predicted] = True
        self.correct += (predicted == labels).sum()
        self.dependent = loss.dependence_x is not None
        self.batches += 1
        self.pictures += len(labels)
        return float(terms[0])

    def row(self, epoch: int, learning_rate: float) -> EpochRow:
        """Return the means."""
        loss, cross_entropy, on_x, on_y = (term / self.batches for term in self.terms)
        return EpochRow(
            epoch=epoch,
            loss=loss,
            cross_entropy=cross_entropy,
            dependence_x=on_x if self.dependent else None,
            dependence_y=on_y if self.dependent else None,
            train_acc=int(self.correct) / self.pictures,
            learning_rate=learning_rate,
        )


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share, 0 to 1, of uint8 ``images`` (N, C, S, S) whose largest logit is that of their label.

    The model's modes are left as they were. Raises ``ValueError`` without pictures.
    """
    if not len(labels):
        raise ValueError("no pictures to measure an accuracy on; every class needs a test picture")
    with evaluating(model), torch.no_grad():
        logits = [model(unit_range(batch)).logits.cpu() for batch in torch.split(images, EVALUATION_BATCH)]
    return float((torch.cat(logits).argmax(1) == labels).double().mean())


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put ``model`` into eval mode and afterwards each of its modules back into its own mode."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def _flipped(images: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Return ``images`` (B, C, S, S), each mirrored left to right with ``probability``."""
    mirrored = torch.rand(len(images), generator=generator) < probability
    return torch.where(mirrored[:, None, None, None], images.flip(-1), images)


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the recipe's optimiser of the parameters that are not frozen."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if recipe.optimizer == "adam":
        return torch.optim.Adam(trained, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    return torch.optim.SGD(
        trained, lr=recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay
    )


@contextmanager
def layers_seeded(seed: int) -> Iterator[None]:
    """Seed the global generators, which dropout layers cannot help using, and give them back as they were."""
    with torch.random.fork_rng(devices=[device()] if device().type == "cuda" else []):
        torch.manual_seed(seed)
        yield
