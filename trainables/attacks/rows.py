"""The rows of an attack, one per class and restart: their starts, their batches, and what is returned."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from trainables.attacks.inference import full_precision
from trainables.build import StepFailed


@dataclass(frozen=True)
class Rows:
    """``class_index`` and ``restart``, both int64 (R,); the restarts of a class lie next to each other."""

    class_index: Tensor
    restart: Tensor

    def __len__(self) -> int:
        return len(self.class_index)

    def pairs(self) -> list[tuple[int, int]]:
        """Return (class, restart) of each row."""
        return list(zip(self.class_index.tolist(), self.restart.tolist(), strict=True))


def attack_rows(classes: Sequence[int], restarts: int) -> Rows:
    """Return the rows of ``restarts`` restarts of each of ``classes``, class after class.

    Raises ``ValueError`` when there is no class, or one twice.

    >>> attack_rows([4, 7], 2).pairs()
    [(4, 0), (4, 1), (7, 0), (7, 1)]
    """
    if not classes or len(set(classes)) != len(classes):
        raise ValueError(f"attacked classes {list(classes)}: give at least one class, each once")
    class_index = torch.tensor(list(classes)).repeat_interleave(restarts)
    return Rows(class_index, torch.arange(restarts).repeat(len(classes)))


def start_latents(rows: Rows, seed: int, z_dim: int) -> Tensor:
    """Return N(0, I) start latents, float32 (R, z_dim), on the CPU.

    A row's latent depends on the seed, its class and its restart alone: the same for every defence (paired
    comparisons), device, batch layout and choice of the other classes.
    """
    return torch.stack([_normal(seed_stream(seed, "latents", *pair), z_dim) for pair in rows.pairs()])


def _normal(seed: int, z_dim: int) -> Tensor:
    return torch.randn(z_dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float32)


class AttackDiverged(StepFailed):
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
