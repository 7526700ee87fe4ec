"""Natural accuracy, and 8-bit pictures as networks take them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from trainables.memory import split_to_fit
from trainables.step import device

EVALUATION_BATCH = 256
"""Pictures in one forward pass without a graph."""


def unit_range(images: Tensor) -> Tensor:
    """Return uint8 ``images`` as float32 in [0, 1] on the device of all steps.

    Raises ``TypeError`` for other types.

    >>> unit_range(torch.tensor([0, 255], dtype=torch.uint8)).tolist()
    [0.0, 1.0]
    """
    if images.dtype != torch.uint8:
        raise TypeError(f"images of type {images.dtype}: 8-bit pictures (torch.uint8) are expected here")
    return images.to(device()).float() / 255


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share, 0 to 1, of uint8 ``images`` (N, C, S, S) whose largest logit is that of their label.

    The model's modes are left as they were. Raises ``ValueError`` without pictures.
    """
    if not len(labels):
        raise ValueError("no pictures to measure an accuracy on; every class needs a test picture")
    with evaluating(model), torch.no_grad():
        logits = split_to_fit(
            images,
            EVALUATION_BATCH,
            lambda batch: model(unit_range(batch)).logits.cpu(),
            "accuracy",
        )
    return float((torch.cat(logits).argmax(1) == labels).double().mean())


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put ``model`` into eval mode and afterwards each of its modules back into its own mode."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
