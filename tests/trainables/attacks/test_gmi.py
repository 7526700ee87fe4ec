"""GMI against an independent loop, its contract, and the properties its speed rests on."""

import math
import os
import shutil

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from search_spaces.attacks import BREPMI, GMI, KEDMI, VMI, AttackSettings, InversionGenerator
from tldmi_sweep.testing.attack_contract import EVERY_CLASS, AttackContract
from tldmi_sweep.testing.planted_problem import PlantedProblem, planted_problem
from trainables.attacks import AttackDiverged, Attacker, run_attack_method
from trainables.attacks.gmi import nesterov_step
from trainables.attacks.objective import CrossEntropy, Objective, critic_prior
from trainables.attacks.rows import attack_rows, start_latents
from trainables.generators import GANPrior
from trainables.models.small_vgg import small_vgg


class TestGMI(AttackContract):
    settings = GMI(iterations=40, restarts=2, learning_rate=0.4, micro_batch=5)


def one_row_by_torch(problem: PlantedProblem, settings: GMI, start: Tensor, label: int) -> Tensor:
    """Return the latent after torch's own Nesterov SGD on one row, clamped after each step."""
    latent = nn.Parameter(start.clone())
    optimiser = torch.optim.SGD(
        [latent], lr=settings.learning_rate, momentum=settings.momentum, nesterov=True
    )
    problem.target.eval()
    for _ in range(settings.iterations):
        optimiser.zero_grad()
        image = problem.prior.generator(latent[None])
        surprise = -F.log_softmax(problem.target(image).logits, dim=1)[0, label]
        (
            (settings.identity_weight * surprise - settings.prior_weight * problem.prior.critic(image)[0])
            / settings.norm_batch
        ).backward()
        optimiser.step()
        with torch.no_grad():
            latent.clamp_(-settings.clip, settings.clip)
    return latent.detach()


@pytest.mark.parametrize("prior_weight", [0.0, 40.0])
def test_trajectory_equals_an_independent_loop(prior_weight: float) -> None:
    problem = planted_problem(dtype=torch.float64)
    settings = GMI(iterations=120, restarts=2, prior_weight=prior_weight)
    result = run_attack_method(settings, problem.attacker(), (0, 3, 6))
    rows = attack_rows((0, 3, 6), 2)
    starts = start_latents(rows, settings.seed, problem.prior, "z").double()
    expected = torch.stack(
        [
            one_row_by_torch(problem, settings, start, label)
            for start, (label, _) in zip(starts, rows.pairs(), strict=True)
        ]
    )
    assert (result.latents - starts).abs().max() > 0.1
    assert (result.latents - expected).abs().max() < 1e-12


def test_velocity_is_not_clamped() -> None:
    """Pushed out of the box by a constant gradient, then pulled back: the built-up velocity keeps it out."""
    settings = GMI(learning_rate=0.1, momentum=0.9, clip=1.0)

    def box(latents: Tensor) -> Tensor:
        return latents.clamp(-1, 1)

    end, carried = torch.zeros(1, 1).double(), torch.zeros(1, 1).double()
    velocity, latent = 0.0, 0.0
    for slope in [-1.0] * 8 + [1.0] * 3:
        end, carried = nesterov_step(settings, end, carried, torch.full_like(end, slope), box)
        before, velocity = velocity, 0.9 * velocity - 0.1 * slope
        latent = min(1.0, max(-1.0, latent - 0.9 * before + 1.9 * velocity))
    assert end.item() == pytest.approx(latent, abs=1e-15)
    assert latent == 1.0


def test_first_gradient_is_taken_at_the_unclipped_start() -> None:
    problem, seen = planted_problem(), []
    problem.prior.generator.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    run_attack_method(GMI(iterations=2, restarts=2), problem.attacker(), tuple(range(8)))
    starts = start_latents(attack_rows(tuple(range(8)), 2), 0, problem.prior, "z")
    assert torch.equal(seen[0], starts)
    assert starts.abs().max() > 1
    assert seen[1].abs().max() == 1


@given(
    norm_batch=st.floats(1, 100),
    identity_weight=st.floats(0, 200),
    prior_weight=st.floats(0, 50),
    label=st.integers(0, 7),
)
def test_loss_is_the_published_sum(
    norm_batch: float, identity_weight: float, prior_weight: float, label: int
) -> None:
    problem = planted_problem(dtype=torch.float64)
    settings = GMI(norm_batch=norm_batch, identity_weight=identity_weight, prior_weight=prior_weight)
    latents = torch.randn(3, 6, generator=torch.Generator().manual_seed(0)).double()
    labels = torch.tensor([label, 0, 7])
    objective = Objective(
        settings,
        problem.prior.generator,
        CrossEntropy(problem.target),
        critic_prior(problem.prior.critic),
    )
    loss = objective(latents, labels).loss.item()
    problem.target.eval()
    images = problem.prior.generator(latents)
    probabilities = torch.softmax(problem.target(images).logits, dim=1).tolist()
    critic = problem.prior.critic(images).tolist()
    expected = sum(
        identity_weight * -math.log(probabilities[row][wanted]) - prior_weight * critic[row]
        for row, wanted in enumerate(labels.tolist())
    )
    assert loss == pytest.approx(expected / norm_batch, rel=1e-9)


def _attacker_of_real_networks(dtype: torch.dtype = torch.float32) -> Attacker:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        target = small_vgg(3, 16)
        generator = nn.Sequential(
            nn.Linear(5, 8 * 16), nn.BatchNorm1d(128), nn.ReLU(), nn.Unflatten(1, (8, 4, 4)),
            nn.ConvTranspose2d(8, 8, 4, 2, 1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Sigmoid(),
        )  # fmt: skip
        critic = nn.Sequential(
            nn.Conv2d(1, 4, 4, 4),
            nn.InstanceNorm2d(4, affine=True),
            nn.Flatten(),
            nn.Linear(64, 1),
            nn.Flatten(0),
        )
    for network in (target, generator, critic):
        network.to(dtype)
    return Attacker(target, GANPrior(generator, critic, 5), torch.zeros(2, 1, 16, 16, dtype=torch.uint8))


_ATTACKS: tuple[AttackSettings, ...] = (
    GMI(iterations=5, restarts=3),
    KEDMI(iterations=5, restarts=3, generator=InversionGenerator(start="prior", generator_steps=0)),
    VMI(iterations=5, restarts=3, samples_per_step=3),
    BREPMI(iterations=5, max_steps=6, initial_draws=500),
)
_KINDS = [settings.kind for settings in _ATTACKS]


def _differences_between_micro_batches(settings: AttackSettings, dtype: torch.dtype) -> float:
    """Return the greatest difference of a latent between micro-batches of 1, 7 and 1000."""
    attacker = _attacker_of_real_networks(dtype)
    one, seven, all_at_once = (
        run_attack_method(settings.model_copy(update={"micro_batch": size}), attacker, (0, 1, 2)).latents
        for size in (1, 7, 1000)
    )
    return max(float((some - all_at_once).abs().max()) for some in (one, seven))


@pytest.mark.parametrize("settings", _ATTACKS, ids=_KINDS)
def test_real_networks_do_not_depend_on_the_micro_batch(settings: AttackSettings) -> None:
    assert _differences_between_micro_batches(settings, torch.float64) < 1e-9


@pytest.mark.parametrize("settings", _ATTACKS[:-1], ids=_KINDS[:-1])
def test_nor_do_they_in_float32_to_what_an_optimiser_makes_of_rounding(settings: AttackSettings) -> None:
    """Not of an attack on labels: one that flips by rounding begins another course."""
    assert _differences_between_micro_batches(settings, torch.float32) < 1e-3


def test_a_broken_target_is_reported_not_scored() -> None:
    problem = planted_problem()
    with torch.no_grad():
        problem.target.head.bias.fill_(torch.nan)
    with pytest.raises(AttackDiverged, match="16 of 16 latents are not finite"):
        run_attack_method(GMI(iterations=2, restarts=2), problem.attacker(), tuple(range(8)))


def test_planted_pictures_are_found_in_low_precision() -> None:
    problem = planted_problem()
    settings = TestGMI.settings.model_copy(update={"mixed_precision": True})
    result = run_attack_method(settings, problem.attacker(), EVERY_CLASS)
    right = problem.recognised(result.images) == result.class_index
    assert right.double().mean() >= TestGMI.least_recognised


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which(os.environ.get("CXX", "g++")) is None,
    reason="torch.compile on a CPU needs a C++ compiler: install g++, or name one in CXX",
)
@pytest.mark.timeout(900)  # on a busy machine the C++ compiler takes minutes
def test_compiled_networks_give_the_same_latents() -> None:
    """With the compiler itself, in two micro-batches of one size: another size would be compiled again."""
    attacker = _attacker_of_real_networks()
    torch.compiler.reset()
    torch._dynamo.utils.counters.clear()
    eager, compiled = (
        run_attack_method(
            GMI(iterations=3, restarts=2, micro_batch=3, compile=flag), attacker, (0, 1, 2)
        ).latents
        for flag in (False, True)
    )
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] >= 3  # generator, critic and T
    torch.testing.assert_close(compiled, eager, rtol=0, atol=1e-5)


def test_a_step_in_low_precision_is_nearly_the_exact_step() -> None:
    attacker = _attacker_of_real_networks()
    exact, low = (
        run_attack_method(
            GMI(iterations=1, restarts=3, clip=10, mixed_precision=flag), attacker, (0, 1, 2)
        ).latents
        for flag in (False, True)
    )
    step = exact - start_latents(attack_rows((0, 1, 2), 3), 0, attacker.prior, "z")
    difference = (low - exact).norm() / step.norm()
    assert 0 < difference < 0.15  # twenty layers forth and back, each rounds to 8 bits
