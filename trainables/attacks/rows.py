"""The flat list of rows of an attack: one per class and restart, each with its own seed stream."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from search_spaces import seed_stream


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
