"""BREPMI once more, slowly and from its description: one row at a time, one point at a time."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from search_spaces import seed_stream
from search_spaces.attacks import BREPMI


class SlowRow(NamedTuple):
    """The outcome of one row; ``decisions`` lists (points inside, accepted) of each attempt."""

    found: bool
    latent: Tensor
    radius: float
    queries: int
    decisions: list[tuple[int, bool]]


def slow_start(
    settings: BREPMI, label: Callable[[Tensor], int], z_dim: int, row: tuple[int, int]
) -> Tensor | None:
    """Return the (restart)-th random latent that T labels as the class, or ``None``."""
    wanted, restart = row
    random = torch.Generator().manual_seed(seed_stream(settings.seed, "initial"))
    hits, drawn = 0, 0
    while drawn < settings.initial_draws:
        batch = torch.randn(
            min(settings.initial_batch, settings.initial_draws - drawn), z_dim, generator=random
        )
        for latent in batch:
            drawn += 1
            clipped = latent.clamp(-settings.clip, settings.clip)
            if label(clipped) == wanted:
                hits += 1
                if hits == restart + 1:
                    return clipped
    return None


def slow_row(settings: BREPMI, label: Callable[[Tensor], int], z_dim: int, row: tuple[int, int]) -> SlowRow:
    """Return the outcome of the row (class, restart); ``label`` gives T's label of one latent (z_dim,)."""
    start = slow_start(settings, label, z_dim, row)
    if start is None:
        return SlowRow(False, torch.zeros(z_dim), math.nan, 0, [])
    random = torch.Generator().manual_seed(seed_stream(settings.seed, "sphere", *row))
    here, snapshot, radius, since, queries = start.double(), None, settings.initial_radius, 0, 0
    decisions: list[tuple[int, bool]] = []
    cost = settings.sphere_points + 1
    while since < settings.iterations and len(decisions) < settings.max_steps:
        if settings.query_budget is not None and queries + cost > settings.query_budget:
            break
        normals = torch.randn(settings.sphere_points, z_dim, generator=random).double()
        offsets = [radius * normal / math.sqrt(float((normal * normal).sum())) for normal in normals]
        outside = [offset for offset in offsets if label(here + offset) != row[0]]
        step = min(radius / 3, 3.0)
        grew = settings.sphere_points - len(outside) >= settings.inside_to_grow
        if grew:
            radius, since = radius * settings.radius_growth, 0
        push = -sum(outside, torch.zeros(z_dim).double()) / settings.sphere_points / radius
        moved = (here + step * push).clamp(-settings.clip, settings.clip)
        accepted = label(moved) == row[0]
        queries += cost
        here = moved if accepted else here
        since += int(accepted and not grew)
        snapshot = here if grew else snapshot
        decisions.append((settings.sphere_points - len(outside), accepted))
    return SlowRow(True, here if snapshot is None else snapshot, radius, queries, decisions)
