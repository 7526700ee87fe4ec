"""The walk of BREPMI: away from T's decision boundary, on spheres that grow (Kahla et al., CVPR 2022)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from search_spaces import seed_stream
from search_spaces.attacks import BREPMI
from trainables.attacks.attacker import Tensors
from trainables.attacks.label_starts import LatentLabels
from trainables.attacks.rows import Rows
from trainables.storage.checkpoint import Progress, restore_stream

MOVING = ("latents", "radius", "at_growth", "accepted", "attempts")
"""What a step changes, beside the streams."""


@dataclass
class BoundaryWalk:
    """State of R rows that walk side by side and never see each other."""

    wanted: Tensor
    """int64 (R,): the attacked class of each row."""
    latents: Tensor
    """(R, z_dim): the accepted point; T gives it the wanted label."""
    radius: Tensor
    """float64 (R,): radius of the current sphere."""
    at_growth: Tensor
    """(R, z_dim): the accepted point when the radius last changed."""
    accepted: Tensor
    """int64 (R,): accepted steps since the radius last changed."""
    attempts: Tensor
    """int64 (R,): attempted steps."""
    random: list[torch.Generator]
    """One stream of sphere points per row, so that no row's points depend on the others."""

    def state(self) -> Tensors:
        """Return where the rows are, and their streams."""
        streams = torch.stack([stream.get_state() for stream in self.random])
        return {**{name: getattr(self, name) for name in MOVING}, "random": streams}

    def restore(self, state: Tensors) -> None:
        """Go on from ``state``."""
        for name in MOVING:
            setattr(self, name, state[name].to(getattr(self, name)))
        for stream, kept in zip(self.random, state["random"], strict=True):
            restore_stream(stream, kept)


def start_walk(settings: BREPMI, rows: Rows, latents: Tensor) -> BoundaryWalk:
    """Return the walk of ``rows`` at their starts, ``latents`` (R, z_dim)."""
    zeros = torch.zeros(len(rows), dtype=torch.int64)
    seeds = [seed_stream(settings.seed, "sphere", *pair) for pair in rows.pairs()]
    return BoundaryWalk(
        wanted=rows.class_index,
        latents=latents.clone(),
        radius=torch.full((len(rows),), settings.initial_radius, dtype=torch.float64),
        at_growth=latents.clone(),
        accepted=zeros,
        attempts=zeros.clone(),
        random=[torch.Generator().manual_seed(seed) for seed in seeds],
    )


def walk_to_end(settings: BREPMI, walk: BoundaryWalk, label_of: LatentLabels, progress: Progress) -> None:
    """Step all rows until each has stopped, from where ``progress`` has kept them.

    A row stops after ``iterations`` accepted steps at one radius, after ``max_steps`` attempts (rejected
    ones count, so it always ends), or when the next attempt would exceed ``query_budget``.
    """
    limit = attempt_limit(settings)
    progress.resume(walk)
    while True:
        walking = (walk.accepted < settings.iterations) & (walk.attempts < limit)
        if not walking.any():
            return
        attempt_step(settings, walk, walking.nonzero()[:, 0], label_of)
        progress.offer(walk)


def attempt_limit(settings: BREPMI) -> int:
    """Return how many steps a row may attempt; each costs ``sphere_points`` + 1 queries.

    >>> attempt_limit(BREPMI(query_budget=100, sphere_points=32, max_steps=20))
    3
    """
    if settings.query_budget is None:
        return settings.max_steps
    return min(settings.max_steps, settings.query_budget // (settings.sphere_points + 1))


def attempt_step(settings: BREPMI, walk: BoundaryWalk, rows: Tensor, label_of: LatentLabels) -> None:
    """Attempt one step of ``rows`` (indices, int64) and update the walk."""
    latents, radius, wanted = walk.latents[rows], walk.radius[rows], walk.wanted[rows]
    offsets = _sphere_points(settings, [walk.random[row] for row in rows.tolist()], radius, latents)
    points = (latents[:, None] + offsets).flatten(0, 1)
    inside = label_of(points).view(len(rows), -1) == wanted[:, None]
    grows = inside.sum(1) >= settings.inside_to_grow
    grown = torch.where(grows, radius * settings.radius_growth, radius)
    # The step length comes from the old radius, the direction is divided by the new one, as published.
    step = (radius / 3).clamp(max=3)[:, None].to(latents)
    moved = (latents + step * repulsion(offsets, inside, grown)).clamp(-settings.clip, settings.clip)
    accepted = label_of(moved) == wanted
    here = torch.where(accepted[:, None], moved, latents)
    walk.latents[rows], walk.radius[rows] = here, grown
    walk.at_growth[rows] = torch.where(grows[:, None], here, walk.at_growth[rows])
    walk.accepted[rows] = torch.where(grows, 0, walk.accepted[rows] + accepted)
    walk.attempts[rows] += 1


def repulsion(offsets: Tensor, inside: Tensor, radius: Tensor) -> Tensor:
    """Return the direction (R, z_dim) away from the points that lost the label.

    Mean over the points of w_i u_i / radius, w_i = 0 for a point ``inside`` (bool, (R, N)) and -1 outside;
    ``offsets`` u_i (R, N, z_dim), ``radius`` (R,).
    """
    away = torch.where(inside[:, :, None], 0.0, -offsets)
    return away.mean(1) / radius[:, None].to(offsets)


def _sphere_points(settings: BREPMI, random: list[torch.Generator], radius: Tensor, like: Tensor) -> Tensor:
    shape = (settings.sphere_points, like.shape[1])
    normal = torch.stack([torch.randn(shape, generator=generator) for generator in random]).to(like)
    length = torch.linalg.vector_norm(normal, dim=2, keepdim=True)
    points: Tensor = normal * (radius[:, None, None].to(like) / length)
    return points
