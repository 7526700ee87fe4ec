"""What every attack must do, on a toy problem whose answers are planted."""

import itertools
from dataclasses import replace
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from search_spaces.attacks import ATTACKS, AttackSettings
from tldmi_sweep.testing.planted_problem import (
    CLASSES,
    SIZE,
    PlantedProblem,
    WPriorSettings,
    planted_problem,
)
from tldmi_sweep.testing.preemption import Preempted, PreemptedAfter
from trainables.attacks import Reconstructions, run_attack_method
from trainables.storage.checkpoint import Progress

EVERY_CLASS = tuple(range(CLASSES))


def assert_same(left: Reconstructions, right: Reconstructions) -> None:
    """Assert that two results agree bit for bit."""
    for name in ("latents", "images", "class_index", "restart", "found", "queries"):
        assert torch.equal(getattr(left, name), getattr(right, name)), name
    assert left.shared_queries == right.shared_queries
    if left.radius is not None:
        torch.testing.assert_close(left.radius, right.radius, rtol=0, atol=0, equal_nan=True)


class AttackContract:
    """Inherit it as ``class TestMine(AttackContract): settings = Mine(restarts=2)``."""

    settings: ClassVar[AttackSettings]
    """Small settings with at least two restarts that solve the toy problem."""
    asks_beyond_its_budget: ClassVar[bool] = False
    """Whether T is asked for more pictures than the budget counts."""
    least_recognised: ClassVar[float] = 0.75
    """Share of rows whose picture must be nearest to the planted one; chance is 1/8."""

    @pytest.fixture(scope="class")
    @classmethod
    def problem(cls) -> PlantedProblem:
        # float64, so that what must agree agrees far below the steps an attack takes
        return planted_problem(dtype=torch.float64)

    @pytest.fixture(scope="class")
    @classmethod
    def result(cls, problem: PlantedProblem) -> Reconstructions:
        return cls.attack(problem)

    @classmethod
    def attack(
        cls, problem: PlantedProblem, classes: tuple[int, ...] = EVERY_CLASS, **changes: object
    ) -> Reconstructions:
        """Return the result of the attack, with some settings changed."""
        settings = cls.settings.model_copy(update=changes)
        return run_attack_method(settings, problem.attacker(), classes)

    @classmethod
    def generator(cls, problem: PlantedProblem) -> nn.Module:
        """Return the generator whose pictures the attack returns: the prior's, unless it makes its own."""
        return problem.prior.target_decoder(problem.attacker().searched_space(cls.settings))

    def test_is_registered(self) -> None:
        assert ATTACKS[self.settings.kind] is type(self.settings)

    def test_every_setting_has_its_published_default(self) -> None:
        assert type(self.settings).published().budget_factor() == 1

    def test_shapes_and_types(self, problem: PlantedProblem, result: Reconstructions) -> None:
        rows = CLASSES * self.settings.restarts
        space = problem.attacker().searched_space(self.settings)
        assert result.latents.shape == (rows, *problem.prior.latent_shape(space))
        assert result.latents.is_floating_point()
        assert result.images.shape == (rows, 1, SIZE, SIZE)
        assert result.images.dtype == torch.uint8
        assert (result.found.shape, result.found.dtype) == ((rows,), torch.bool)
        assert (result.queries.shape, result.queries.dtype) == ((rows,), torch.int64)
        assert not result.latents.requires_grad

    def test_covers_every_class_and_restart_in_order(self, result: Reconstructions) -> None:
        pairs = zip(result.class_index.tolist(), result.restart.tolist(), strict=True)
        assert list(pairs) == list(itertools.product(EVERY_CLASS, range(self.settings.restarts)))

    def test_images_are_the_pictures_of_the_latents(
        self, problem: PlantedProblem, result: Reconstructions
    ) -> None:
        assert result.found.any()
        floating = self.generator(problem)(result.latents[result.found]) * 255
        assert (floating - result.images[result.found]).abs().max() <= 0.5 + 1e-3

    def test_latents_stay_inside_the_clip(self, result: Reconstructions) -> None:
        clip = getattr(self.settings, "clip", torch.inf)  # VMI bounds nothing
        assert result.latents.isfinite().all()
        assert result.latents.abs().max() <= clip

    def test_repeats_bit_for_bit(self, problem: PlantedProblem, result: Reconstructions) -> None:
        assert_same(self.attack(problem), result)

    def test_a_preempted_attack_goes_on_to_the_same_bits(self) -> None:
        """In float32, whose bits would show another order of sums."""
        problem = planted_problem()
        kept: list[bytes] = []
        whole = PreemptedAfter([])
        undisturbed = self.preempted(problem, whole)
        third = whole.taken // 3
        for _ in range(2):
            with pytest.raises(Preempted):
                self.preempted(problem, PreemptedAfter(kept, third))
        last = PreemptedAfter(kept)
        assert_same(self.preempted(problem, last), undisturbed)
        assert last.taken == whole.taken - 2 * third > 0

    def test_low_precision_stays_finite_and_is_off_by_default(self) -> None:
        assert not self.settings.mixed_precision
        problem = planted_problem()
        seen: list[bool] = []
        problem.target.register_forward_pre_hook(
            lambda module, inputs: seen.append(torch.is_autocast_enabled("cpu"))
        )
        exact = self.attack(problem, iterations=4)
        assert seen
        assert not any(seen)
        low = self.attack(problem, mixed_precision=True, iterations=4)
        assert any(seen)
        assert low.latents.dtype == exact.latents.dtype == torch.float32
        assert low.latents.isfinite().all()

    def preempted(self, problem: PlantedProblem, progress: Progress) -> Reconstructions:
        """Return the result of the attack with ``progress``."""
        attacker = replace(problem.attacker(), progress=progress)
        return run_attack_method(self.settings, attacker, EVERY_CLASS)

    def test_its_budget_counts_the_pictures_of_a_class_that_the_target_sees(
        self, result: Reconstructions
    ) -> None:
        for index in EVERY_CLASS:
            seen = int(result.queries[result.class_index == index].sum())
            counted = self.settings.images_per_class()
            assert seen > counted if self.asks_beyond_its_budget else seen == counted

    def test_does_not_use_the_global_generator(
        self, problem: PlantedProblem, result: Reconstructions
    ) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(12345)
            before = torch.get_rng_state()
            again = self.attack(problem)
            assert torch.equal(torch.get_rng_state(), before)
        assert_same(again, result)

    @pytest.mark.parametrize("micro_batch", [1, 7, 1000])
    def test_does_not_depend_on_the_micro_batch(
        self, problem: PlantedProblem, result: Reconstructions, micro_batch: int
    ) -> None:
        again = self.attack(problem, micro_batch=micro_batch)
        torch.testing.assert_close(again.latents, result.latents, rtol=0, atol=1e-9)
        assert torch.equal(again.queries, result.queries)
        assert torch.equal(again.found, result.found)

    def test_rows_do_not_depend_on_the_other_classes(
        self, problem: PlantedProblem, result: Reconstructions
    ) -> None:
        some = self.attack(problem, classes=(5, 2))
        rows = torch.cat([(result.class_index == wanted).nonzero()[:, 0] for wanted in (5, 2)])
        torch.testing.assert_close(some.latents, result.latents[rows], rtol=0, atol=1e-9)
        assert torch.equal(some.queries, result.queries[rows])

    def test_the_seed_matters(self, problem: PlantedProblem, result: Reconstructions) -> None:
        assert not torch.equal(self.attack(problem, seed=1).latents, result.latents)

    def test_restarts_differ(self, result: Reconstructions) -> None:
        assert not torch.equal(result.latents[result.restart == 0], result.latents[result.restart == 1])

    def test_leaves_the_networks_untouched(self) -> None:
        problem = planted_problem()
        networks = (problem.target, *problem.prior.networks().values())
        before = [_fingerprint(network) for network in networks]
        self.attack(problem)
        assert [_fingerprint(network) for network in networks] == before

    def test_finds_the_planted_pictures(self, problem: PlantedProblem, result: Reconstructions) -> None:
        right = (problem.recognised(result.images) == result.class_index) & result.found
        assert right.double().mean() >= self.least_recognised

    def test_below_white_box_it_sees_what_the_target_answers_and_no_more(self) -> None:
        if self.settings.access == "white_box":
            return
        problem = planted_problem(dtype=torch.float64)
        problem.target.answers = (lambda logits, pictures: logits.flip(1),)
        result = self.attack(problem)
        wrong = (problem.recognised(result.images) == CLASSES - 1 - result.class_index) & result.found
        assert wrong.double().mean() >= self.least_recognised

    def test_a_prior_without_z_and_critic_is_searched_or_refused(self) -> None:
        """In float64; its pictures are larger than T's input, and latents are matrices around a centre."""
        if hasattr(self.settings, "prior_weight"):
            assert "toy_w" in str(self.settings.prior_error(WPriorSettings(), SIZE))
        changes = {"prior_weight": 0.0} if hasattr(self.settings, "prior_weight") else {}
        settings = self.settings.model_copy(update=changes)
        reason = settings.prior_error(WPriorSettings(), SIZE)
        if reason is not None:
            assert "toy_w" in reason
            return
        problem = planted_problem(dtype=torch.float64, space="w")
        result = run_attack_method(settings, problem.attacker(), EVERY_CLASS)
        assert result.latents.shape == (CLASSES * settings.restarts, *problem.prior.latent_shape("w"))
        assert result.images.shape[1:] == (1, SIZE, SIZE)
        right = (problem.recognised(result.images) == result.class_index) & result.found
        assert right.double().mean() >= 0.5  # chance is 1/8

    def test_starts_are_the_same_for_every_target(self, problem: PlantedProblem) -> None:
        other = planted_problem()
        with torch.no_grad():
            other.target.head.weight.mul_(-1)
        assert torch.equal(self.first_latents(problem), self.first_latents(other))

    def first_latents(self, problem: PlantedProblem) -> Tensor:
        """Return the latents of the attack's first call of the generator."""
        seen: list[Tensor] = []
        hook = problem.prior.networks()["generator"].register_forward_pre_hook(
            lambda module, inputs: seen.append(inputs[0].detach().clone())
        )
        self.attack(problem, micro_batch=1000)
        hook.remove()
        return seen[0]


def _fingerprint(network: torch.nn.Module) -> list[object]:
    tensors = [(name, tensor.tolist()) for name, tensor in network.state_dict().items()]
    flags = [(parameter.requires_grad, parameter.grad) for parameter in network.parameters()]
    return [tensors, flags, [module.training for module in network.modules()]]
