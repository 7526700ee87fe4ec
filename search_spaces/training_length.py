"""How long a training is: epochs, and steps of its optimiser, on a number of pictures of each class."""

from collections.abc import Sequence
from math import ceil


def steps_in_epoch(pictures: Sequence[int], batch_size: int, images_per_class: int | None = None) -> int:
    """Return the steps of one epoch on so many ``pictures`` of each class.

    A single picture left over joins the batch before. Of batches of ``images_per_class`` pictures of each
    of some classes, it is the least number of steps: how many there are depends on which classes are drawn.

    >>> steps_in_epoch([10] * 6, 64), steps_in_epoch([10] * 6, 16), steps_in_epoch([11] * 3, 16)
    (1, 4, 2)
    >>> steps_in_epoch([8] * 4, batch_size=8, images_per_class=4)
    3
    """
    if images_per_class is None:
        whole, left = divmod(sum(pictures), batch_size)
        return max(whole + (left > 1), 1)
    chunks = sorted(max(count // images_per_class, 1) for count in pictures)
    classes = batch_size // images_per_class
    used = sum(chunks) - sum(chunks[len(chunks) - classes + 1 :])
    return max(ceil(used / classes), 1)


def epochs_for(epochs: int, least_steps: int | None, steps_in_epoch: int) -> int:
    """Return ``epochs``, or as many more as it takes to make ``least_steps``.

    >>> epochs_for(20, 200, 4), epochs_for(20, 200, 1000), epochs_for(20, None, 4)
    (50, 20, 20)
    """
    return max(epochs, ceil((least_steps or 0) / steps_in_epoch))


def held_out_of(pictures: int, fraction: float) -> int:
    """Return how many of the ``pictures`` of a class are held out: at least one where any are, never all.

    >>> held_out_of(10, 0.0), held_out_of(10, 0.01), held_out_of(1, 0.5)
    (0, 1, 0)
    """
    return min(max(1, round(fraction * pictures)), pictures - 1) if fraction else 0
