"""The rows of an attack, one per class and restart: their starts, their batches, and what is returned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from trainables.attacks.inference import full_precision
from trainables.build import StepFailed
from trainables.generators import Prior

Clamp = Callable[[Tensor], Tensor]
"""Moves latents (B, ...) into the box that an attack may not leave."""


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


def start_latents(rows: Rows, seed: int, prior: Prior, space: str) -> Tensor:
    """Return start latents drawn from ``prior``, float32 (R, *shape of the space), on the CPU.

    A row's latent depends on the seed, its class and its restart alone: the same for every defence (paired
    comparisons), device, batch layout and choice of the other classes.
    """
    seeds = [seed_stream(seed, "latents", *pair) for pair in rows.pairs()]
    return torch.cat([prior.sample(1, torch.Generator().manual_seed(each), space) for each in seeds])


def spread(values: Tensor, like: Tensor) -> Tensor:
    """Return one value per row (R,) so that it broadcasts over the rows of ``like`` (R, ...).

    >>> spread(torch.ones(2), torch.zeros(2, 3, 4)).shape
    torch.Size([2, 1, 1])
    """
    return values.view(-1, *(1 for _ in like.shape[1:]))


class AttackDiverged(StepFailed):
    """An attack reached latents that are not finite numbers."""


@dataclass(frozen=True)
class Reconstructions:
    """R rows, class after class.

    Rows that are not ``found`` have a latent of zeros and a black image; AttAcc counts them as failures.
    All tensors are on the CPU.
    """

    latents: Tensor
    """(R, *shape of the space that was searched) floating point."""
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


def render(
    generator: nn.Module, latents: Tensor, micro_batch: int, to_target: nn.Module | None = None
) -> Tensor:
    """Return the 8-bit images that T is shown, uint8 (R, C, S, S) on the CPU, of ``latents`` (R, ...).

    ``to_target`` is what lies between the pictures of ``generator`` and T; ``None``: they are shown as is.
    """
    ready, shown = full_precision(generator), to_target or nn.Identity()
    with torch.no_grad():
        return torch.cat([to_uint8(shown(ready(part))).cpu() for part in torch.split(latents, micro_batch)])


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
    broken = ~latents.isfinite().flatten(1).all(1)
    if broken.any():
        raise AttackDiverged(
            f"{int(broken.sum())} of {len(rows)} latents are not finite; lower the learning rate"
        )
    found = torch.ones(len(rows), dtype=torch.bool) if found is None else found.cpu()
    return Reconstructions(
        latents=latents * spread(found, latents),
        images=images * found[:, None, None, None],
        class_index=rows.class_index,
        restart=rows.restart,
        found=found,
        queries=queries.cpu(),
        shared_queries=shared_queries,
        radius=radius,
    )
