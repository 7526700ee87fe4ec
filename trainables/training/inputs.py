"""What a network is shown in a training: augmented pictures, or kept activations of its frozen prefix."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn

from trainables.models.suffix import Suffix
from trainables.models.target_model import TargetModel
from trainables.step import device
from trainables.training.augmentation import Augmentation
from trainables.training.prefix_cache import constant_depth, prefix_activations
from trainables.training.recipe import Recipe

SHARE_OF_FREE_MEMORY = 4
"""What is shown in a training lies on the GPU where this many times as much would fit."""


class Inputs(Protocol):
    """Batches, and the network that takes them."""

    @property
    def network(self) -> nn.Module:
        """The network that takes the batches."""

    @property
    def augmentation(self) -> Augmentation:
        """What changes the pictures, or says which of them are mirrored."""

    def batch(self, indices: Tensor) -> Tensor:
        """Return the input of ``network`` for the pictures at ``indices``, on the device of all steps."""


class Pictures:
    """Augmented pictures for the whole network."""

    def __init__(self, model: nn.Module, images: Tensor, augmentation: Augmentation) -> None:
        self.network = model
        self._images = near(images)
        self.augmentation = augmentation

    def batch(self, indices: Tensor) -> Tensor:
        """Return float32 (B, C, S, S) in [0, 1]."""
        return self.augmentation(self._images[indices])


class Activations:
    """Kept activations (N or 2 N, ...), plain and then mirrored, for the rest of T."""

    def __init__(self, suffix: Suffix, kept: Tensor, count: int, augmentation: Augmentation) -> None:
        self.network = suffix
        self._kept = near(kept)
        self._count = count
        self.augmentation = augmentation

    def batch(self, indices: Tensor) -> Tensor:
        """Return the output of the prefix; the pictures mirrored are those that ``Pictures`` would mirror."""
        mirrored = self.augmentation.mirrored(len(indices))
        return self._kept[indices + self._count * mirrored].to(device())


def near(kept: Tensor) -> Tensor:
    """Return ``kept`` on the device of all steps if it takes a small part of its free memory, else as it is.

    A training takes its batches from it in every epoch; where it lies changes no bit of them.
    """
    here = device()
    if here.type == "cpu":
        return kept
    free, _ = torch.cuda.mem_get_info(here)
    return kept.to(here) if kept.nbytes * SHARE_OF_FREE_MEMORY <= free else kept


@contextmanager
def training_inputs(model: nn.Module, images: Tensor, recipe: Recipe, seed: int) -> Iterator[Inputs]:
    """Give the inputs of a training of ``model``, which is in training mode, on uint8 ``images``.

    They are kept activations where that is allowed and pays: the recipe has memory for them and mirrors at
    most, ``model`` has a prefix that always answers the same, and the epochs are more than the variants of a
    picture.
    """
    augmentation = Augmentation(recipe, seed)
    pictures = Pictures(model, images, augmentation)
    mirror = recipe.horizontal_flip > 0
    keep = recipe.prefix_cache_mib and recipe.flips_only and recipe.epochs > 1 + mirror
    depth = constant_depth(model) if keep and isinstance(model, TargetModel) else 0
    if not isinstance(model, TargetModel) or not depth:
        yield pictures
        return
    with prefix_activations(model, depth, images, mirror, recipe.prefix_cache_mib) as kept:
        if kept is None:
            yield pictures
        else:
            yield Activations(Suffix(model, depth), kept, len(images), augmentation)
