"""How T is defended: a part in a file each, composed to the objective that T is trained on."""

from typing import Any

import torch
from torch import Tensor

from search_spaces.defenses import Defense
from trainables.defenses.part import CROSS_ENTROPY, Batch, Part, Terms
from trainables.implementations import implementation_of
from trainables.models.target_model import TargetModel
from trainables.objective import BatchLoss, Objective
from trainables.storage.artifacts import Tensors
from trainables.storage.checkpoint import add_prefix, strip_prefix

__all__ = ["Batch", "BuiltDefense", "Part", "Terms", "build_defense"]


class BuiltDefense(Objective[TargetModel]):
    """The parts of a defence, acting in their order; without parts, cross-entropy on all layers."""

    def __init__(self, *parts: Part[Any]) -> None:
        self.parts = parts
        self._needs_hidden = any(part.needs_hidden for part in parts)
        self._epoch, self._epochs = 0, 1
        self._batch: Batch | None = None

    @property
    def cacheable_prefix(self) -> bool:
        """Whether the output of a frozen prefix may take the place of the pictures."""
        return not self._needs_hidden and not any(part.needs_pictures for part in self.parts)

    def network(self, model: TargetModel) -> TargetModel:
        """Return ``model`` as the parts change it. Raises ``ValueError`` for a T that a part cannot have."""
        for part in self.parts:
            model = part.network(model)
        model.answers = tuple(part.answer for part in self.parts if type(part).answer is not Part.answer)
        return model

    def prepare(self, model: TargetModel) -> None:
        """Freeze what the parts keep at its D_pretrain weights.

        Call it once, before the optimiser is built. Raises ``ValueError`` when T cannot be trained like this.
        """
        for part in self.parts:
            part.prepare(model)

    def train_mode(self, model: TargetModel) -> None:
        """Put ``model`` into training mode, its frozen units into what the parts say."""
        model.train()
        for part in self.parts:
            part.train_mode(model)

    def start_epoch(self, epoch: int, epochs: int) -> None:
        """Remember the epoch for the parts."""
        self._epoch, self._epochs = epoch, epochs

    def pictures(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return ``images`` as every part changes them."""
        for part in self.parts:
            images = part.pictures(images, labels)
        return images

    def loss(self, model: TargetModel, images: Tensor, labels: Tensor, num_classes: int) -> BatchLoss:
        """Return the cross-entropy, or what replaces it, with the terms of all parts, in their order."""
        output = model.trace(images, self._needs_hidden)
        self._batch = Batch(
            model, images, labels, num_classes, output, epoch=self._epoch, epochs=self._epochs
        )
        cross_entropy = torch.nn.functional.cross_entropy(output.logits, labels)
        found = [part.terms(self._batch) for part in self.parts]
        total = _replaced(found, cross_entropy)
        values = {CROSS_ENTROPY: cross_entropy.detach()}
        for terms in found:
            for name, term in terms.added.items():
                if name != CROSS_ENTROPY:
                    total = total + term.to(total.dtype)
            values |= terms.recorded
        return BatchLoss(total, output.logits.detach(), values)

    def after_step(self) -> None:
        """Let every part act after the step on the last batch."""
        if self._batch is not None:
            batch, self._batch = self._batch, None
            for part in self.parts:
                part.after_step(batch)

    def state(self) -> Tensors:
        """Return the states of the parts by their kinds."""
        found: Tensors = {}
        for part in self.parts:
            found |= add_prefix(part.settings.kind, part.state())
        return found

    def restore(self, state: Tensors) -> None:
        """Go on from what ``state`` returned."""
        for part in self.parts:
            part.restore(strip_prefix(state, part.settings.kind))


def _replaced(found: list[Terms], cross_entropy: Tensor) -> Tensor:
    """Return the term that replaces the cross-entropy, if a part has one. Raises ``ValueError`` for two."""
    replacing = [terms.added[CROSS_ENTROPY] for terms in found if CROSS_ENTROPY in terms.added]
    if len(replacing) > 1:
        raise ValueError("two parts replace the cross-entropy; keep one of them")
    return replacing[0] if replacing else cross_entropy


def build_defense(defense: Defense, seed: int) -> BuiltDefense:
    """Return the parts of ``defense`` for a T of this ``seed``, which names their random streams."""
    return BuiltDefense(*(implementation_of(type(part))(part, seed) for part in defense.parts))
