"""Which pictures make a batch.

Plain shuffling, or P classes x K pictures. All draws come from a given generator.
"""

from collections.abc import Iterator

import torch
from torch import Tensor


class ImpossibleBatches(ValueError):
    """The recipe's batches cannot be made from these pictures."""


def shuffled(count: int, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield int64 indices that visit each of ``count`` pictures once, in batches of ``batch_size``.

    The last batch may be smaller; a single picture left over joins the batch before, since BatchNorm needs
    two. Raises ``ImpossibleBatches`` below two pictures.
    """
    if count < 2:
        raise ImpossibleBatches(
            f"{count} pictures to train on: BatchNorm needs at least 2; give more pictures"
        )
    order = torch.randperm(count, generator=generator)
    cuts = list(range(batch_size, count, batch_size))
    if cuts and count - cuts[-1] == 1:
        cuts.pop()
    yield from order.tensor_split(cuts)


def classes_by_images(
    labels: Tensor, batch_size: int, images_per_class: int, generator: torch.Generator
) -> Iterator[Tensor]:
    """Yield int64 indices of batches of P classes with K = ``images_per_class`` pictures each.

    The batches of BiDO and MID, with P = batch_size // K. Each class's pictures are shuffled and cut into
    chunks of K (what is left over sits out this epoch; a class with fewer than K repeats some), each batch
    takes a chunk of P random classes, and the epoch ends when fewer than P classes have a chunk left. Raises
    ``ImpossibleBatches`` when K is above the batch size or there are fewer than P classes.
    """
    chunks = _chunks(labels, images_per_class, generator)
    classes = batch_size // images_per_class
    if not 1 <= classes <= len(chunks):
        raise ImpossibleBatches(
            f"batch_size {batch_size} with images_per_class_in_batch {images_per_class} takes {classes} "
            f"classes a batch, of {len(chunks)} there are; it must be 1 to {len(chunks)}: change one"
        )
    while len(chunks) >= classes:
        chosen = [
            list(chunks)[k] for k in torch.randperm(len(chunks), generator=generator)[:classes].tolist()
        ]
        yield torch.cat([chunks[label].pop() for label in chosen])
        chunks = {label: left for label, left in chunks.items() if left}


def _chunks(labels: Tensor, size: int, generator: torch.Generator) -> dict[int, list[Tensor]]:
    """Return class -> its shuffled pictures in chunks of ``size``."""
    chunks = {}
    for label in torch.unique(labels).tolist():
        members = (labels == label).nonzero()[:, 0]
        order = members[torch.randperm(len(members), generator=generator)]
        whole = order.repeat(-(-size // len(order)))[: max(size, len(order))]
        chunks[label] = list(whole[: len(whole) // size * size].split(size))
    return chunks
