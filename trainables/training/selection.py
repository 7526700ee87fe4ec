"""Which epoch's weights are T, which pictures are held out, and when a training is given up."""

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.targets import UtilityFloor
from search_spaces.training_length import held_out_of
from trainables.datasets.dataset import LabelledImages
from trainables.storage.artifacts import Tensors
from trainables.storage.checkpoint import add_prefix, json_tensor, json_value, strip_prefix
from trainables.training.curve import EpochRow
from trainables.training.recipe import Selection


def held_out(
    pictures: LabelledImages, fraction: float, seed: int
) -> tuple[LabelledImages, LabelledImages | None]:
    """Return the pictures to train on, and those held out: ``fraction`` of each class, drawn at random.

    Rounded to whole pictures, at least one of each class and never all; a class of one picture keeps it. Both
    in the order of ``pictures``. Nothing is held out at 0. Raises ``ValueError`` when every class has one
    picture.
    """
    if not fraction:
        return pictures, None
    out = torch.zeros(len(pictures), dtype=torch.bool)
    for label in torch.unique(pictures.labels).tolist():
        members = (pictures.labels == label).nonzero()[:, 0]
        wanted = held_out_of(len(members), fraction)
        generator = torch.Generator().manual_seed(seed_stream(seed, "held_out", label))
        out[members[torch.randperm(len(members), generator=generator)[:wanted]]] = True
    if not out.any():
        raise ValueError("validation_fraction: every class has a single training picture; set it to 0")
    return _part(pictures, ~out), _part(pictures, out)


def _part(pictures: LabelledImages, chosen: Tensor) -> LabelledImages:
    return LabelledImages(pictures.images[chosen], pictures.labels[chosen])


class SelectedWeights:
    """The weights of the epoch that ``rule`` chooses; of equally good ones the first."""

    def __init__(self, rule: Selection) -> None:
        self.rule = rule
        self.epoch: int | None = None
        """The epoch chosen so far."""
        self._best = -1.0
        self._weights: dict[str, Tensor] = {}

    def offer(self, row: EpochRow, model: nn.Module) -> None:
        """Keep the weights of ``model`` after the epoch of ``row`` when they are the best so far."""
        if self.rule == "last":
            self.epoch = row.epoch
            return
        score = row.values.get("val_acc" if self.rule == "validation_best" else "test_acc")
        if score is not None and score > self._best:
            self.epoch, self._best = row.epoch, score
            self._weights = {name: value.cpu().clone() for name, value in model.state_dict().items()}

    def state(self) -> Tensors:
        """Return the choice so far, to go on from."""
        choice = json_tensor({"epoch": self.epoch, "best": self._best})
        return {"choice": choice, **add_prefix("weights", self._weights)}

    def restore_state(self, state: Tensors) -> None:
        """Go on from the choice that ``state`` returned."""
        choice = json_value(state["choice"])
        self.epoch, self._best = choice["epoch"], choice["best"]
        self._weights = strip_prefix(state, "weights")

    def restore(self, model: nn.Module) -> None:
        """Give ``model`` the weights of the chosen epoch."""
        if self._weights:
            model.load_state_dict(self._weights)


def reason_to_stop(curve: list[EpochRow], given: list[Tensor], floor: UtilityFloor | None) -> str | None:
    """Return why a training is given up after the last epoch of ``curve``, or ``None``.

    ``given``: for each epoch, which classes (K,) were given to any training picture. One class for all
    pictures of two epochs is a collapse. Accuracy under ``floor`` is that of the held-out pictures, without
    them that of the training; the test pictures decide nothing.
    """
    if len(given) > 1 and int((given[-1] | given[-2]).sum()) == 1:
        only = int(given[-1].nonzero()[0, 0])
        both = f"{len(given) - 2} and {len(given) - 1}"
        return f"collapsed: every training picture of epochs {both} was given class {only}"
    if floor is None or len(curve) != floor.epochs:
        return None
    measured = "val_acc" if "val_acc" in curve[-1].values else "train_acc"
    which = {"val_acc": "validation", "train_acc": "training"}[measured]
    best = max(row.values[measured] for row in curve)
    if best >= floor.acc:
        return None
    return f"utility floor: {which} accuracy is {best:.4f} after {floor.epochs} epochs, under {floor.acc}"
