"""BREPMI, labels only: boundary repulsion from random starts (Kahla et al., CVPR 2022).

A row starts at a random latent that T gives the attacked class, and walks away from T's decision boundary
on spheres that grow.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.attacks import BREPMI
from trainables.attacks.attacker import Attacker, Tensors
from trainables.attacks.inference import Engine, answers_of, inference_copy, latent_like
from trainables.attacks.rows import (
    Clamp,
    Reconstructions,
    Rows,
    attack_rows,
    reconstructions,
    render,
    spread,
)
from trainables.generators import Prior
from trainables.implementations import implements
from trainables.models.target_model import TargetModel
from trainables.storage.checkpoint import NothingKept, Progress, restore_stream

LatentLabels = Callable[[Tensor], Tensor]
"""T's label, int64 (B,), of the image of each latent (B, ...)."""

MOVING = ("latents", "radius", "at_growth", "accepted", "attempts")
"""What a step changes, beside the streams."""


@implements(BREPMI)
def brepmi(settings: BREPMI, attacker: Attacker, classes: Sequence[int]) -> Reconstructions:
    """Return one reconstruction per class and restart, from T's labels alone; T and prior stay untouched."""
    labels, space = LabelOracle(attacker.target, settings), attacker.searched_space(settings)
    return boundary_repulsion(settings, labels, attacker.prior, space, classes, attacker.progress)


def boundary_repulsion(
    settings: BREPMI,
    labels: Callable[[Tensor], Tensor],
    prior: Prior,
    space: str,
    classes: Sequence[int],
    progress: Progress | None = None,
) -> Reconstructions:
    """Return one reconstruction per class and restart of the classifier behind ``labels``.

    ``labels`` maps images in [0, 1] (B, C, S, S) to labels, int64 (B,). A row without a start is returned
    as not found. The result of a row is the accepted point at the last change of its radius. A row whose
    radius never grew returns its last accepted point and ``radius`` = ``initial_radius``; the published code
    counts such rows as failures, here the evaluators judge them like all others.
    """
    rows = attack_rows(classes, settings.restarts)
    ready = inference_copy(prior.target_decoder(space), settings)
    clamp = functools.partial(prior.clamp, bound=settings.clip, space=space)
    at_once = settings.micro_batch_size(latent_like(ready).device.type)
    label_of = functools.partial(_label_of, labels, ready, at_once)
    starts = find_starts(settings, label_of, rows, prior, space)
    walk = start_walk(settings, rows, starts.latents.to(latent_like(ready).dtype), clamp)
    walk.attempts[~starts.found] = settings.max_steps  # rows without a start do not walk
    walk_to_end(settings, walk, label_of, progress or NothingKept())
    return _result(settings, rows, walk, starts.found, starts.queries, ready)


class LabelOracle:
    """A function from images in [0, 1] (B, C, S, S) to T's labels, int64 (B,); it gives away nothing else."""

    def __init__(self, target: TargetModel, engine: Engine | None = None) -> None:
        self._answers = answers_of(target, engine)
        self.queries = 0

    def __call__(self, images: Tensor) -> Tensor:
        """Return T's label of each image."""
        self.queries += len(images)
        with torch.inference_mode():
            return self._answers(images).argmax(1)


@dataclass(frozen=True)
class Starts:
    """``latents`` (R, ...), zeros where not ``found`` (bool, R); ``queries``: random latents shown to T."""

    latents: Tensor
    found: Tensor
    queries: int


def find_starts(settings: BREPMI, label_of: LatentLabels, rows: Rows, prior: Prior, space: str) -> Starts:
    """Return the r-th random latent with the label c as the start of the row (class c, restart r).

    Latents are clamped samples of the prior, drawn in batches of ``initial_batch`` until every row has a
    start or ``initial_draws`` are spent. The draws depend on the seed alone: the same for every T.
    """
    waiting = {pair: row for row, pair in enumerate(rows.pairs())}
    hits: dict[int, int] = {}
    found, queries = torch.zeros(len(rows), dtype=torch.bool), 0
    random = torch.Generator().manual_seed(seed_stream(settings.seed, "initial"))
    latents = torch.zeros(len(rows), *prior.latent_shape(space))
    while waiting and queries < settings.initial_draws:
        size = min(settings.initial_batch, settings.initial_draws - queries)
        drawn = prior.clamp(prior.sample(size, random, space), settings.clip, space)
        queries += size
        for latent, label in zip(drawn, label_of(drawn).tolist(), strict=True):
            row = waiting.pop((label, hits.get(label, 0)), None)
            hits[label] = hits.get(label, 0) + 1
            if row is not None:
                latents[row], found[row] = latent, True
    return Starts(latents, found, queries)


@dataclass
class BoundaryWalk:
    """State of R rows that walk side by side and never see each other."""

    wanted: Tensor
    """int64 (R,): the attacked class of each row."""
    latents: Tensor
    """(R, ...): the accepted point; T gives it the wanted label."""
    radius: Tensor
    """float64 (R,): radius of the current sphere."""
    at_growth: Tensor
    """(R, ...): the accepted point when the radius last changed."""
    accepted: Tensor
    """int64 (R,): accepted steps since the radius last changed."""
    attempts: Tensor
    """int64 (R,): attempted steps."""
    clamp: Clamp
    """Moves latents into the box that they may not leave."""
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


def start_walk(settings: BREPMI, rows: Rows, latents: Tensor, clamp: Clamp) -> BoundaryWalk:
    """Return the walk of ``rows`` at their starts, ``latents`` (R, ...)."""
    zeros = torch.zeros(len(rows), dtype=torch.int64)
    seeds = [seed_stream(settings.seed, "sphere", *pair) for pair in rows.pairs()]
    return BoundaryWalk(
        wanted=rows.class_index,
        latents=latents.clone(),
        radius=torch.full((len(rows),), settings.initial_radius, dtype=torch.float64),
        at_growth=latents.clone(),
        accepted=zeros,
        attempts=zeros.clone(),
        clamp=clamp,
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
        progress.save_if_due(walk)


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
    step = spread((radius / 3).clamp(max=3), latents).to(latents)
    moved = walk.clamp(latents + step * repulsion(offsets, inside, grown))
    accepted = label_of(moved) == wanted
    here = torch.where(spread(accepted, latents), moved, latents)
    walk.latents[rows], walk.radius[rows] = here, grown
    walk.at_growth[rows] = torch.where(spread(grows, latents), here, walk.at_growth[rows])
    walk.accepted[rows] = torch.where(grows, 0, walk.accepted[rows] + accepted)
    walk.attempts[rows] += 1


def repulsion(offsets: Tensor, inside: Tensor, radius: Tensor) -> Tensor:
    """Return the direction (R, ...) away from the points that lost the label.

    Mean over the points of w_i u_i / radius, w_i = 0 for a point ``inside`` (bool, (R, N)) and -1 outside;
    ``offsets`` u_i (R, N, ...), ``radius`` (R,).
    """
    away = torch.where(inside.view(*inside.shape, *(1 for _ in offsets.shape[2:])), 0.0, -offsets).mean(1)
    return away / spread(radius, away).to(offsets)


def _sphere_points(settings: BREPMI, random: list[torch.Generator], radius: Tensor, like: Tensor) -> Tensor:
    """Return offsets (R, N, *shape of a latent), uniform on the spheres of ``radius`` (R,)."""
    shape = (settings.sphere_points, like[0].numel())
    normal = torch.stack([torch.randn(shape, generator=generator) for generator in random]).to(like)
    length = torch.linalg.vector_norm(normal, dim=2, keepdim=True)
    points: Tensor = normal * (radius[:, None, None].to(like) / length)
    return points.view(len(radius), settings.sphere_points, *like.shape[1:])


def _result(
    settings: BREPMI, rows: Rows, walk: BoundaryWalk, found: Tensor, shared: int, generator: nn.Module
) -> Reconstructions:
    grew = walk.radius > settings.initial_radius
    latents = torch.where(spread(grew, walk.latents), walk.at_growth, walk.latents).to(latent_like(generator))
    return reconstructions(
        rows,
        latents,
        render(generator, latents, settings.micro_batch_size(latents.device.type)),
        queries=walk.attempts * found * (settings.sphere_points + 1),
        shared_queries=shared,
        found=found,
        radius=walk.radius.masked_fill(~found, torch.nan),
    )


def _label_of(
    labels: Callable[[Tensor], Tensor], generator: nn.Module, micro_batch: int, latents: Tensor
) -> Tensor:
    with torch.inference_mode():
        parts = torch.split(latents.to(latent_like(generator)), micro_batch)
        return torch.cat([labels(generator(part)) for part in parts]).cpu()  # one wait for the device
