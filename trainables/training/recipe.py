"""How long and with what a network is trained, as the training loop reads it."""

from dataclasses import dataclass, fields
from typing import Literal, Self

import torch
from torch import Tensor, nn

from search_spaces.targets import TargetSettings, UtilityFloor

Selection = Literal["last", "validation_best", "test_best"]


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
    nesterov: bool = False
    milestones: tuple[int, ...] = ()
    gamma: float = 0.1
    crop_scale: float = 1.0
    color_jitter: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    cutout: float = 0.0
    selection: Selection = "last"
    utility_floor: UtilityFloor | None = None
    prefix_cache_mib: int = 0
    mixed_precision: bool = False
    channels_last: bool = False
    compile: bool = False

    @classmethod
    def of(cls, settings: TargetSettings, labels: Tensor | None = None) -> Self:
        """Return the recipe part of a target's settings.

        With the ``labels`` (N,) of the pictures, with as many epochs as ``least_steps`` takes on them.
        """
        known = settings if labels is None else settings.lengthened(torch.bincount(labels).tolist())
        return cls(**{field.name: getattr(known, field.name) for field in fields(cls)})

    def learning_rate_in(self, epoch: int) -> float:
        """Return the learning rate of ``epoch``, counted from 0.

        It is multiplied by ``gamma`` after as many epochs as each milestone says.

        >>> recipe = Recipe(epochs=4, batch_size=2, learning_rate=1.0, milestones=(1, 3), gamma=0.5)
        >>> [recipe.learning_rate_in(epoch) for epoch in range(4)]
        [1.0, 0.5, 0.5, 0.25]
        """
        passed = sum(milestone <= epoch for milestone in self.milestones)
        return float(self.learning_rate * self.gamma**passed)

    @property
    def flips_only(self) -> bool:
        """Whether a picture is shown to the network as it is or mirrored, and in no other form."""
        return self.crop_scale == 1 and not any(self.color_jitter) and not self.cutout

    def optimizer_of(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return the optimiser of the parameters of ``model`` that are not frozen; SGD fused on a GPU."""
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        if self.optimizer == "adam":
            return torch.optim.Adam(trained, lr=self.learning_rate, weight_decay=self.weight_decay)
        return torch.optim.SGD(
            trained,
            lr=self.learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            nesterov=self.nesterov,
            fused=all(parameter.is_cuda for parameter in trained) or None,
        )
