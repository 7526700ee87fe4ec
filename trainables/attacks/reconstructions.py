"""What every attack returns."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trainables.attacks.inference import full_precision
from trainables.attacks.rows import Rows


class AttackDiverged(ArithmeticError):
    """An attack reached latents that are not finite numbers."""


@dataclass(frozen=True)
class Reconstructions:
    """R rows, class after class.

    Rows that are not ``found`` have a latent of zeros and a black image; AttAcc counts them as failures.
    All tensors are on the CPU.
    """

    latents: Tensor
    """(R, z_dim) floating point."""
    images: Tensor
    """uint8 (R, C, S, S): generator output clamped to [0, 1], times 255, rounded."""
    class_index: Tensor
    """int64 (R,)"""
    restart: Tensor
    """int64 (R,)"""
    found: Tensor
    """bool (R,): False when the attack had no start for the row."""
    queries: Tensor
    """int64 (R,): images that T was shown for this row alone."""
    shared_queries: int
    """Images that T was shown for all rows together, before the rows began."""
    radius: Tensor | None = None
    """float64 (R,), NaN where not found: radius of the last sphere of BREPMI."""

    def __len__(self) -> int:
        return len(self.class_index)

    @property
    def total_queries(self) -> int:
        """All images that T was shown."""
        return int(self.queries.sum()) + self.shared_queries


def render(generator: nn.Module, latents: Tensor, micro_batch: int) -> Tensor:
    """Return the 8-bit images, uint8 (R, C, S, S) on the CPU, of ``latents`` (R, z_dim)."""
    ready = full_precision(generator)
    with torch.no_grad():
        return torch.cat([to_uint8(ready(part)).cpu() for part in torch.split(latents, micro_batch)])


def to_uint8(images: Tensor) -> Tensor:
    """Return images in [0, 1] clamped and rounded to 8 bits.

    >>> to_uint8(torch.tensor([-0.5, 0.25, 0.999, 2.0])).tolist()
    [0, 64, 255, 255]
    """
    return images.clamp(0, 1).mul(255).round().to(torch.uint8)


def reconstructions(
    rows: Rows,
    latents: Tensor,
    images: Tensor,
    *,
    queries: Tensor,
    shared_queries: int = 0,
    found: Tensor | None = None,
    radius: Tensor | None = None,
) -> Reconstructions:
    """Return the reconstructions of ``rows``; rows not ``found`` are blanked. Without ``found`` all are.

    Raises ``AttackDiverged`` when a latent is NaN or infinite.
    """
    latents, images = latents.cpu(), images.cpu()
    broken = ~latents.isfinite().all(1)
    if broken.any():
        raise AttackDiverged(
            f"{int(broken.sum())} of {len(rows)} latents are not finite; lower the learning rate"
        )
    found = torch.ones(len(rows), dtype=torch.bool) if found is None else found.cpu()
    return Reconstructions(
        latents=latents * found[:, None],
        images=images * found[:, None, None, None],
        class_index=rows.class_index,
        restart=rows.restart,
        found=found,
        queries=queries.cpu(),
        shared_queries=shared_queries,
        radius=radius,
    )
