"""The best latents of each row, by what the attacker knows: T's own probability of the attacked class."""

import torch
from torch import Tensor

from trainables.attacks.attacker import Tensors


class Surest:
    """Of each of R rows the latent, of those T has seen after a step, at which it was surest of the class.

    Of equal ones the last. The start counts for nothing, since it was not clamped; nor does the latent after
    the last step, which T is not shown.
    """

    def __init__(self, starts: Tensor) -> None:
        self.latents = starts.clone()
        self.confidence = torch.full_like(starts[:, 0], -1.0)

    def see(self, rows: Tensor, latents: Tensor, confidence: Tensor) -> None:
        """Take in ``latents`` (B, z_dim) of ``rows``, int64 (B,), and T's probability (B,) of their class."""
        better = confidence >= self.confidence[rows]
        self.latents[rows] = torch.where(better[:, None], latents, self.latents[rows])
        self.confidence[rows] = torch.where(better, confidence, self.confidence[rows])

    def instead_of(self, last: Tensor) -> Tensor:
        """Return the latents (R, z_dim); those of ``last`` where T has seen none."""
        return torch.where(self.confidence[:, None] < 0, last, self.latents)

    def state(self) -> Tensors:
        """Return what was seen so far."""
        return {"latents": self.latents, "confidence": self.confidence}

    def restore(self, state: Tensors) -> None:
        """Go on from ``state``."""
        self.latents.copy_(state["latents"])
        self.confidence.copy_(state["confidence"])
