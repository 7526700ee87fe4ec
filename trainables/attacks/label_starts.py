"""Starts of a label-only attack: random latents that T already gives the attacked class."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from search_spaces import seed_stream
from search_spaces.attacks import BREPMI
from trainables.attacks.rows import Rows

LatentLabels = Callable[[Tensor], Tensor]
"""T's label, int64 (B,), of the image of each latent (B, z_dim)."""


@dataclass(frozen=True)
class Starts:
    """``latents`` (R, z_dim), zeros where not ``found`` (bool, R); ``queries``: random latents shown to T."""

    latents: Tensor
    found: Tensor
    queries: int


def find_starts(settings: BREPMI, label_of: LatentLabels, rows: Rows, z_dim: int) -> Starts:
    """Return the r-th random latent with the label c as the start of the row (class c, restart r).

    Latents are clamped normals, drawn in batches of ``initial_batch`` until every row has a start or
    ``initial_draws`` are spent. The draws depend on the seed alone: the same for every T.
    """
    waiting = {pair: row for row, pair in enumerate(rows.pairs())}
    hits: dict[int, int] = {}
    latents, found, queries = torch.zeros(len(rows), z_dim), torch.zeros(len(rows), dtype=torch.bool), 0
    random = torch.Generator().manual_seed(seed_stream(settings.seed, "initial"))
    while waiting and queries < settings.initial_draws:
        size = min(settings.initial_batch, settings.initial_draws - queries)
        drawn = torch.randn(size, z_dim, generator=random).clamp(-settings.clip, settings.clip)
        queries += size
        for latent, label in zip(drawn, label_of(drawn).tolist(), strict=True):
            row = waiting.pop((label, hits.get(label, 0)), None)
            hits[label] = hits.get(label, 0) + 1
            if row is not None:
                latents[row], found[row] = latent, True
    return Starts(latents, found, queries)
