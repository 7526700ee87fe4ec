"""One step of an optimiser."""

import torch
from torch import Tensor


def gradient_step(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Change the parameters of ``optimizer`` once, by the gradient of ``loss``, a scalar, alone."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
