"""Adam once more, from its sums: the GANs are trained with betas 0.5 and 0.999."""

from collections.abc import Sequence

from torch import Tensor


def slow_adam(
    weights: Sequence[Tensor], seen: Sequence[list[Tensor]], slopes: Sequence[Tensor], rate: float
) -> None:
    """Move ``weights`` by the step after ``seen`` (gradients of each, ``slopes`` are added).

    Kingma and Ba 2015, algorithm 1, with both moments as sums over all steps.
    """
    for weight, before, slope in zip(weights, seen, slopes, strict=True):
        before.append(slope)
        step = len(before)
        first = sum(0.5 * 0.5 ** (step - i) * each for i, each in enumerate(before, 1))
        second = sum(0.001 * 0.999 ** (step - i) * each**2 for i, each in enumerate(before, 1))
        size = (second / (1 - 0.999**step)).sqrt() + 1e-8
        weight.data -= rate * first / (1 - 0.5**step) / size
