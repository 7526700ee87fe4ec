"""Activations of T's frozen prefix, computed once for each picture and its mirror image.

A prefix whose weights are frozen and whose BatchNorm keeps its statistics gives a picture the same
activations in every epoch. They are computed in the order of the data set in batches of a fixed size, so they
do not depend on the order of the training; the convolutions of another batch size may round differently, so a
training with the cache and one without agree to rounding, not to the bit.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor, nn

from trainables.models.target_model import TargetModel
from trainables.training.accuracy import unit_range

BATCH = 64
"""Pictures in one forward pass of the prefix."""
DISK_FACTOR = 8
"""Activations above the memory limit go to disk, up to this multiple of it; beyond, nothing is kept."""
MIB = 1 << 20


class NoRoomForActivations(ValueError):
    """The disk cannot hold the activations of the frozen prefix."""


def constant_depth(model: TargetModel) -> int:
    """Return how many leading units always answer the same: all weights frozen, all modules in eval mode."""
    return len(list(takewhile(_is_constant, model.units.values())))


def _is_constant(unit: nn.Module) -> bool:
    trained = any(parameter.requires_grad for parameter in unit.parameters())
    return not trained and not any(module.training for module in unit.modules())


@contextmanager
def prefix_activations(
    model: TargetModel, depth: int, images: Tensor, mirror: bool, memory_mib: int
) -> Iterator[Tensor | None]:
    """Give the output of the first ``depth`` units for uint8 ``images`` (N, C, S, S), and for their mirrors.

    A tensor (N, ...) on the CPU, or (2 N, ...) with ``mirror``; in memory up to ``memory_mib``, above that
    mapped from a temporary file without a name, which goes with the process. ``None`` when even
    ``DISK_FACTOR`` times ``memory_mib`` do not suffice. Raises ``NoRoomForActivations`` when the temporary
    folder is on a disk with less space.
    """
    one = _activations(model, depth, images[:1])[0]
    count = len(images) * (2 if mirror else 1)
    size = count * one.numel() * one.element_size()
    batches = _in_order(model, depth, images, mirror)
    if size <= memory_mib * MIB:
        yield torch.cat(list(batches))
    elif size > DISK_FACTOR * memory_mib * MIB:
        yield None
    else:
        with tempfile.TemporaryFile() as file:
            yield _mapped(file, batches, torch.Size((count, *one.shape)), one.dtype, size)


def _in_order(model: TargetModel, depth: int, images: Tensor, mirror: bool) -> Iterator[Tensor]:
    for batch in torch.split(images, BATCH):
        yield _activations(model, depth, batch)
    if mirror:
        for batch in torch.split(images, BATCH):
            yield _activations(model, depth, batch.flip(-1))


def _activations(model: TargetModel, depth: int, images: Tensor) -> Tensor:
    with torch.no_grad():
        activations = model.normalise(unit_range(images))
        for unit in list(model.units.values())[:depth]:
            activations = unit(activations)
        return activations.cpu().contiguous()


def _mapped(
    file: BinaryIO, batches: Iterator[Tensor], shape: torch.Size, dtype: torch.dtype, size: int
) -> Tensor:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < size:
        raise NoRoomForActivations(
            f"prefix_cache_mib: the activations of the frozen prefix take {size // MIB} MiB, "
            f"{tempfile.gettempdir()} has {free // MIB} MiB left; point TMPDIR at a larger disk, "
            "or set target.prefix_cache_mib=0"
        )
    for batch in batches:
        file.write(batch.view(torch.uint8).numpy().tobytes())
    file.flush()
    return torch.from_numpy(np.memmap(file, np.uint8, mode="c")).view(dtype).view(shape)
