"""BREPMI against a slow reference, its contract, and the traps of the published code."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.attacks import BREPMI
from tests.trainables.attacks.brepmi_reference import slow_row
from tldmi_sweep.testing.attack_contract import AttackContract
from tldmi_sweep.testing.planted_problem import CLASSES, Z_DIM, PlantedProblem, planted_problem
from trainables.attacks.brepmi import (
    LabelOracle,
    attempt_limit,
    attempt_step,
    boundary_repulsion,
    find_starts,
    repulsion,
    start_walk,
)
from trainables.attacks.rows import attack_rows
from trainables.generators import GANPrior

SETTINGS = BREPMI(
    iterations=12,
    max_steps=25,
    restarts=2,
    sphere_points=16,
    inside_to_grow=13,
    initial_radius=0.6,
    initial_batch=40,
    initial_draws=400,
    micro_batch=50,
)

WIDE = SETTINGS.model_copy(update={"initial_radius": 12.0, "clip": 0.8})
"""Spheres so wide that many steps lose the label."""


class TestBREPMI(AttackContract):
    settings = SETTINGS
    asks_beyond_its_budget = True  # for proposals, and for steps that are rejected
    least_recognised = 0.7

    def test_queries_are_counted_where_they_are_made(self, problem: PlantedProblem) -> None:
        oracle = LabelOracle(problem.target)
        result = boundary_repulsion(SETTINGS, oracle, problem.prior, "z", (0, 1, 2))
        assert oracle.queries == result.total_queries
        assert (result.queries % (SETTINGS.sphere_points + 1) == 0).all()

    def test_moves_away_from_the_boundary(self, problem: PlantedProblem) -> None:
        walked, unwalked = self.attack(problem), self.attack(problem, max_steps=1)
        assert _margin(problem, walked.latents) > _margin(problem, unwalked.latents) + 0.5


def _margin(problem: PlantedProblem, latents: Tensor) -> float:
    problem.target.eval()
    best = problem.target(problem.prior.generator(latents)).logits.topk(2, dim=1).values
    problem.target.train()
    return float((best[:, 0] - best[:, 1]).mean().detach())


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        SETTINGS.model_copy(update={"inside_to_grow": 16, "radius_growth": 1.7, "seed": 5}),
        SETTINGS.model_copy(update={"query_budget": 200, "initial_draws": 12}),
        WIDE,
    ],
)
def test_every_decision_equals_the_slow_reference(settings: BREPMI) -> None:
    problem = planted_problem(dtype=torch.float64)
    oracle = LabelOracle(problem.target)
    rows = attack_rows(range(CLASSES), settings.restarts)
    result = boundary_repulsion(settings, oracle, problem.prior, "z", range(CLASSES))
    assert oracle.queries == result.total_queries

    def label(latent: Tensor) -> int:
        return int(oracle(problem.prior.generator(latent.double()[None])))

    for number, row in enumerate(rows.pairs()):
        slow = slow_row(settings, label, Z_DIM, row)
        assert bool(result.found[number]) == slow.found
        assert int(result.queries[number]) == slow.queries
        assert result.radius is not None
        assert float(result.radius[number]) == pytest.approx(slow.radius, rel=1e-12, nan_ok=True)
        torch.testing.assert_close(result.latents[number], slow.latent.double(), rtol=0, atol=1e-9)


def test_the_reference_meets_every_kind_of_decision() -> None:
    """The comparison above is worth little unless rows grow, step on, and are turned back."""
    problem = planted_problem(dtype=torch.float64)
    oracle = LabelOracle(problem.target)

    def label(latent: Tensor) -> int:
        return int(oracle(problem.prior.generator(latent.double()[None])))

    met = {
        (inside >= settings.inside_to_grow, accepted)
        for settings in (SETTINGS, WIDE)
        for wanted in range(CLASSES)
        for inside, accepted in slow_row(settings, label, Z_DIM, (wanted, 0)).decisions
    }
    assert {(True, True), (False, True), (False, False)} <= met


class _Latents(nn.Module):
    """A generator whose picture is the latent itself."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, latents: Tensor) -> Tensor:
        return (latents * self.scale)[:, None, None, :].expand(-1, 1, latents.shape[1], -1)


LATENTS = GANPrior(_Latents(), None, 3)


def free(latents: Tensor) -> Tensor:
    """Bound nothing."""
    return latents


def _positive(images: Tensor) -> Tensor:
    """Label 1 where the first latent coordinate is above 0, else 0."""
    return (images[:, 0, 0, 0] > 0).long()


def test_a_class_never_predicted_is_reported() -> None:
    result = boundary_repulsion(SETTINGS, _positive, LATENTS, "z", (0, 7))
    assert result.found.tolist() == [True, True, False, False]
    assert result.queries[2:].tolist() == [0, 0]
    assert not result.images[2:].any()
    assert not result.latents[2:].any()
    assert result.radius is not None
    assert result.radius[2:].isnan().all()
    assert result.shared_queries == SETTINGS.initial_draws


def test_draws_stop_when_every_row_has_a_start() -> None:
    assert (
        boundary_repulsion(SETTINGS, _positive, LATENTS, "z", (0, 1)).shared_queries == SETTINGS.initial_batch
    )


def test_rejected_steps_end() -> None:
    """Trap of the published loop: a target that rejects every step must not keep it running for ever."""
    calls = 0

    def rejects_all_but_the_first(images: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return (
            torch.zeros(len(images), dtype=torch.int64)
            if calls == 1
            else torch.ones(len(images), dtype=torch.int64)
        )

    settings = SETTINGS.model_copy(update={"micro_batch": 10_000, "restarts": 1})
    result = boundary_repulsion(settings, rejects_all_but_the_first, LATENTS, "z", (0,))
    assert result.queries.tolist() == [settings.max_steps * (settings.sphere_points + 1)]
    assert result.radius is not None
    assert result.radius.tolist() == [settings.initial_radius]


@pytest.mark.parametrize(("inside", "grows"), [(28, False), (29, True), (32, True)])
def test_radius_grows_from_29_of_32_points(inside: int, grows: bool) -> None:
    walk = start_walk(BREPMI(), attack_rows([0], 1), torch.zeros(1, 4), free)

    def labels(latents: Tensor) -> Tensor:
        return (torch.arange(len(latents)) >= inside).long()

    attempt_step(BREPMI(), walk, torch.tensor([0]), labels)
    assert walk.radius.tolist() == [pytest.approx(2.6 if grows else 2.0)]
    assert walk.accepted.tolist() == [0 if grows else 1]


def test_step_uses_the_old_radius_and_direction_the_new_one() -> None:
    """Three of 32 points outside, so the radius grows: |step| = R/3 * |sum u_i| / 32 / (1.3 R)."""
    settings = BREPMI(clip=100)
    start = torch.zeros(1, 4, dtype=torch.float64)
    walk = start_walk(settings, attack_rows([0], 1), start, free)
    seen: list[Tensor] = []

    def labels(latents: Tensor) -> Tensor:
        seen.append(latents)
        return (torch.arange(len(latents)) >= 29).long()

    attempt_step(settings, walk, torch.tensor([0]), labels)
    assert torch.allclose(seen[0].norm(dim=1), torch.tensor(2.0, dtype=torch.float64))
    expected = -(2.0 / 3) * seen[0][29:].sum(0) / 32 / 2.6
    torch.testing.assert_close(walk.latents[0], expected)
    torch.testing.assert_close(walk.at_growth[0], expected)


def test_step_length_is_capped_at_three() -> None:
    settings = BREPMI(clip=100, initial_radius=50.0)
    walk = start_walk(settings, attack_rows([0], 1), torch.zeros(1, 4, dtype=torch.float64), free)
    points: list[Tensor] = []

    def labels(latents: Tensor) -> Tensor:
        points.append(latents)
        return torch.full((len(latents),), int(len(latents) > 1))

    attempt_step(settings, walk, torch.tensor([0]), labels)
    torch.testing.assert_close(walk.latents[0], -3.0 * points[0].mean(0) / 50.0)


@given(seed=st.integers(0, 1000), points=st.integers(1, 9), radius=st.floats(0.1, 20))
def test_repulsion_is_the_published_mean(seed: int, points: int, radius: float) -> None:
    random = torch.Generator().manual_seed(seed)
    offsets = torch.randn(2, points, 3, generator=random).double()
    inside = torch.rand(2, points, generator=random) < 0.5
    result = repulsion(offsets, inside, torch.tensor([radius, 2 * radius], dtype=torch.float64))
    for row, scale in enumerate((radius, 2 * radius)):
        for axis in range(3):
            weights = [0.0 if kept else -1.0 for kept in inside[row].tolist()]
            terms = [weight * float(offsets[row, i, axis]) for i, weight in enumerate(weights)]
            assert float(result[row, axis]) == pytest.approx(math.fsum(terms) / points / scale, abs=1e-12)


@given(budget=st.integers(0, 5000), points=st.integers(1, 64), steps=st.integers(1, 50))
def test_the_budget_is_never_exceeded(budget: int, points: int, steps: int) -> None:
    settings = BREPMI.model_construct(query_budget=budget or None, sphere_points=points, max_steps=steps)
    limit = attempt_limit(settings)
    assert limit <= steps
    if budget:
        assert limit * (points + 1) <= budget
        assert limit == steps or (limit + 1) * (points + 1) > budget


STARTS = BREPMI(initial_batch=4, initial_draws=10, restarts=2, clip=0.5, seed=3)
DIMENSIONS = 2
PLANE = GANPrior(nn.Identity(), None, DIMENSIONS)


def sign(latents: Tensor) -> Tensor:
    """Return label 1 for a positive first coordinate, else 0; no latent has another label."""
    return (latents[:, 0] > 0).long()


def drawn(settings: BREPMI, batches: list[int]) -> Tensor:
    random = torch.Generator().manual_seed(seed_stream(settings.seed, "initial"))
    return torch.cat([torch.randn(size, DIMENSIONS, generator=random) for size in batches]).clamp(-0.5, 0.5)


def test_the_start_of_a_row_is_the_latent_of_its_number_with_its_label() -> None:
    rows = attack_rows([1, 5, 0], 2)
    starts = find_starts(STARTS, sign, rows, PLANE, "z")
    latents = drawn(STARTS, [4, 4, 2])
    for row, (label, restart) in enumerate(rows.pairs()):
        hits = latents[sign(latents) == label]
        assert bool(starts.found[row]) == (len(hits) > restart)
        assert torch.equal(
            starts.latents[row], hits[restart] if starts.found[row] else torch.zeros(DIMENSIONS)
        )
    assert starts.found.tolist() == [True, True, False, False, True, True]
    assert starts.queries == 10, "class 5 was looked for until the draws were spent"


def test_no_latent_is_drawn_that_no_row_needs() -> None:
    starts = find_starts(STARTS, sign, attack_rows([0, 1], 1), PLANE, "z")
    needed = next(
        size for size in (4, 8, 10) if len(set(sign(drawn(STARTS, [4, 4, 2])[:size]).tolist())) == 2
    )
    assert starts.queries == needed < 10
    assert starts.found.all()
