"""The step that trains T's network on D_pretrain, once for all targets that start from it."""

from dataclasses import dataclass, field

from results.stores.store import Store
from search_spaces import PretrainingConfig
from trainables.build import StepOutcome, builds
from trainables.datasets import load_data
from trainables.datasets.dataset import FaceData, LabelledImages
from trainables.defenses import BuiltDefense
from trainables.models import build_target
from trainables.step import device
from trainables.storage.artifacts import Tensors
from trainables.storage.checkpoint import Checkpoint, remove_checkpoints
from trainables.tensor_pieces import build_tensors, load_built
from trainables.training.accuracy import accuracy
from trainables.training.recipe import Recipe
from trainables.training.selection import held_out
from trainables.training.training import Training

HELD_OUT = 0.1
"""Share of the pictures of each public class that is tested on; private classes have test pictures."""


@builds(PretrainingConfig)
def pretrain(config: PretrainingConfig, store: Store) -> StepOutcome:
    """Train the network of ``config`` on D_pretrain from random weights and write it to the store.

    A training that was preempted goes on from its last checkpoint. Returns at once when the store has it; a
    corrupt one is trained again. A training that fails becomes a failed row. Raises the store's errors,
    ``OutOfMemory``, and ``ValueError`` for data or settings that cannot be used.
    """
    work = _Pretraining(config)
    outcome = build_tensors(
        config, store, lambda: work.run(store), "pretrained.batch_size", lambda _: work.measured
    )
    remove_checkpoints(store, config.piece_id)
    return outcome


def load_pretraining(config: PretrainingConfig, store: Store) -> Tensors:
    """Return the weights of the network of ``config``; trains it first when the store lacks it.

    Raises ``StepFailed`` when its training failed.
    """
    return load_built(config, store)


@dataclass
class _Pretraining:
    config: PretrainingConfig
    measured: dict[str, float] = field(default_factory=dict)
    """Accuracy on pictures that were not trained on; numbers of classes, training pictures, epochs, steps."""

    def run(self, store: Store) -> Tensors:
        """Train the network and return its weights."""
        config, data = self.config, load_data(self.config.data)
        train, test, classes = _pictures(config, data)
        model = build_target(config.target, classes, data.resolution, config.seed).to(device())
        recipe = Recipe.of(config.target, train.labels)
        training = Training(model, BuiltDefense(), recipe, train, classes, config.seed)
        curve = training.run(Checkpoint(store, config.piece_id, {"data": data.content_hash}))
        self.measured = {
            "acc": accuracy(model, test.images, test.labels),
            "classes": classes,
            "train_images": len(train),
            "epochs": len(curve),
            "steps": sum(row.steps for row in curve),
        }
        return dict(model.state_dict())


def _pictures(config: PretrainingConfig, data: FaceData) -> tuple[LabelledImages, LabelledImages, int]:
    """Return the pictures to train on, those to test on, and the number of classes.

    Raises ``ValueError`` when no public class has a second picture to test on.
    """
    if config.side == "private":
        return data.private_train, data.private_test, data.num_classes
    train, test = held_out(data.public, HELD_OUT, config.seed)
    if test is None:
        raise ValueError("pretrained: there are no pictures to test on")
    return train, test, len(data.public_class_names)
