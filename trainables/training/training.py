"""The one supervised training loop: targets under every defence, and the evaluators that are trained."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from trainables.build import StepFailed
from trainables.datasets.dataset import LabelledImages
from trainables.gradient_step import gradient_step
from trainables.models.target_model import TargetModel
from trainables.objective import Objective
from trainables.step import device
from trainables.storage.checkpoint import NothingKept, Progress
from trainables.training.accuracy import accuracy
from trainables.training.batches import classes_by_images, shuffled
from trainables.training.curve import EpochMeans, EpochRow
from trainables.training.inputs import Inputs, training_inputs
from trainables.training.recipe import Recipe
from trainables.training.selection import SelectedWeights, reason_to_stop
from trainables.training.state import TrainingState

Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Measured:
    """Pictures that are never trained on; the accuracy on each is measured after every epoch."""

    validation: LabelledImages | None = None
    test: LabelledImages | None = None


class TrainingFailed(StepFailed):
    """The training ended without a usable network; ``curve`` holds the epochs that were finished."""

    def __init__(self, reason: str, curve: list[EpochRow]) -> None:
        super().__init__(reason)
        self.curve = curve


class Training(Generic[Model]):
    """One training of ``model`` on ``pictures``; every draw comes from streams named under ``seed``.

    An objective given a recipe with ``prefix_cache_mib`` must not look at pictures or hidden layers: it may
    get kept activations and the rest of ``model`` instead (see ``BuiltDefense.cacheable_prefix``).
    """

    def __init__(
        self,
        model: Model,
        objective: Objective[Model],
        recipe: Recipe,
        pictures: LabelledImages,
        num_classes: int,
        seed: int,
        measured: Measured | None = None,
    ) -> None:
        self.model = model.to(device())
        self.objective = objective
        self.recipe = recipe
        self.pictures = pictures
        self.num_classes = num_classes
        self.measured = measured or Measured()
        self.curve: list[EpochRow] = []
        self.selected = SelectedWeights(recipe.selection)
        _require_pictures(recipe, self.measured)
        self._seed = seed
        self._given: list[Tensor] = []
        self._order = torch.Generator().manual_seed(seed_stream(seed, "order"))
        self._optimizer = recipe.optimizer_of(model)

    def run(self, progress: Progress | None = None) -> list[EpochRow]:
        """Train for the recipe's epochs and return the curve; ``selected.epoch`` is the epoch of the weights.

        With ``progress``, from the epoch that was kept last, to the same bits as without a break.

        The model is trained in place, and left in eval mode. The same bits for the same seed, whatever the
        state of the global generators. Raises ``TrainingFailed`` when a loss or a weight is not finite, when
        every picture of the last epoch, or of two epochs in turn, was given one class, and under the utility
        floor.
        """
        for _ in self.epochs(progress):
            pass
        return self.curve

    def epochs(self, progress: Progress | None = None) -> Iterator[EpochRow]:
        """Train epoch by epoch, as ``run`` does."""
        kept = progress or NothingKept()
        self.objective.train_mode(self.model)
        _lay_out(self.model, self.recipe)
        with self._inputs() as inputs:
            state = self._state(inputs)
            kept.resume(state)
            for epoch in range(len(self.curve), self.recipe.epochs):
                with layers_seeded(seed_stream(self._seed, "layers", epoch)):
                    means = self._epoch(epoch, inputs)
                row = self._with_accuracies(means.row(epoch, self.recipe.learning_rate_in(epoch)))
                self._finished(row, means)
                kept.save_if_due(state)
                yield row
        self._require_usable()
        self.selected.restore(self.model)
        self.model.to(memory_format=torch.contiguous_format).eval()

    @contextmanager
    def _inputs(self) -> Iterator[Inputs]:
        with ExitStack() as stack:
            with self._precision():
                given = training_inputs(self.model, self.pictures.images, self.recipe, self._seed)
                inputs = stack.enter_context(given)
            yield inputs

    def _state(self, inputs: Inputs) -> TrainingState:
        streams = {"order": self._order, **inputs.augmentation.streams}
        return TrainingState(
            self.model, self.objective, self._optimizer, self.selected, streams, self.curve, self._given
        )

    def _epoch(self, epoch: int, inputs: Inputs) -> EpochMeans:
        self.objective.train_mode(self.model)
        self.objective.start_epoch(epoch, self.recipe.epochs)
        for group in self._optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate_in(epoch)
        network = cast(Model, inputs.network)  # the rest of the model, to an objective that takes either
        means = EpochMeans(self.num_classes)
        for indices in self._batches():
            labels = self.pictures.labels[indices].to(device())
            with self._precision():
                shown = inputs.batch(indices)
                if inputs.network is self.model:
                    shown = self.objective.pictures(shown, labels)
                loss = self.objective.loss(network, shown, labels, self.num_classes)
            means.add(loss, labels)
            self._require_finite(means, epoch)
            gradient_step(loss.total, self._optimizer)
            self.objective.after_step()
        means.look()
        self._require_finite(means, epoch)
        return means

    def _require_finite(self, means: EpochMeans, epoch: int) -> None:
        if not means.finite:
            raise TrainingFailed(f"the loss is not finite in epoch {epoch}", self.curve)

    def _precision(self) -> torch.autocast:
        return torch.autocast(device().type, torch.bfloat16, enabled=self.recipe.mixed_precision)

    def _batches(self) -> Iterator[Tensor]:
        size, per_class = self.recipe.batch_size, self.recipe.images_per_class_in_batch
        if per_class is None:
            return shuffled(len(self.pictures), size, self._order)
        return classes_by_images(self.pictures.labels, size, per_class, self._order)

    def _with_accuracies(self, row: EpochRow) -> EpochRow:
        of = {"val_acc": self.measured.validation, "test_acc": self.measured.test}
        shares = {
            name: accuracy(self.model, pictures.images, pictures.labels)
            for name, pictures in of.items()
            if pictures is not None
        }
        return row._replace(values={**row.values, **shares})

    def _finished(self, row: EpochRow, means: EpochMeans) -> None:
        self.curve.append(row)
        self._given.append(means.given.cpu())
        self.selected.offer(row, self.model)
        reason = reason_to_stop(self.curve, self._given, self.recipe.utility_floor)
        if reason is not None:
            raise TrainingFailed(reason, self.curve)

    def _require_usable(self) -> None:
        broken = [
            name for name, tensor in self.model.state_dict().items() if not torch.isfinite(tensor).all()
        ]
        if broken:
            raise TrainingFailed(
                f"weights are not finite after training: {', '.join(broken[:3])}", self.curve
            )
        last = self._given[-1]
        if int(last.sum()) == 1:
            only = int(last.nonzero()[0, 0])
            raise TrainingFailed(f"collapsed: every training picture was given class {only}", self.curve)


def _require_pictures(recipe: Recipe, measured: Measured) -> None:
    """Raise ``ValueError`` when the recipe selects on pictures that are not there."""
    missing = {
        "last": False,
        "validation_best": measured.validation is None,
        "test_best": measured.test is None,
    }
    if missing[recipe.selection]:
        raise ValueError(f"selection {recipe.selection}: no pictures were given to select on")


def _lay_out(model: nn.Module, recipe: Recipe) -> None:
    """Put the weights of ``model`` into the recipe's memory format and compile it when the recipe says so."""
    if recipe.channels_last:
        model.to(memory_format=torch.channels_last)
    if recipe.compile:
        parts = [*model.units.values(), model.neck] if isinstance(model, TargetModel) else [model]
        for part in parts:  # by parts, since a defence may enter the network anywhere
            part.compile()


@contextmanager
def layers_seeded(seed: int) -> Iterator[None]:
    """Seed the global generators, which dropout layers cannot help using, and give them back as they were."""
    with torch.random.fork_rng(devices=[device()] if device().type == "cuda" else []):
        torch.manual_seed(seed)
        yield
