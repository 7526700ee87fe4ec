"""FID and KID against closed forms and independent code."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from tests.contracts.metric_contract import FEATURES, SetMetricContract, judged_rows
from trainables.metrics import FID, KID, Judged
from trainables.metrics import fid_kid as module
from trainables.metrics.fid_kid import frechet_distance, kernel_distance


def moments(rows: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and sample covariance by their sums."""
    mean = [math.fsum(row[i] for row in rows) / len(rows) for i in range(FEATURES)]
    covariance = [
        [
            math.fsum((row[i] - mean[i]) * (row[j] - mean[j]) for row in rows) / (len(rows) - 1)
            for j in range(FEATURES)
        ]
        for i in range(FEATURES)
    ]
    return np.array(mean), np.array(covariance)


class TestFID(SetMetricContract):
    metric = FID

    def slow_value(self, judged: Judged) -> float | None:
        fake = [row.tolist() for row, found in zip(judged.features, judged.found, strict=True) if found]
        if len(fake) < 2:
            return None
        mean, covariance = moments(judged.private_features.tolist())
        other_mean, other = moments(fake)
        half = np.real(sqrtm(covariance))
        cross = np.trace(np.real(sqrtm(half @ other @ half)))
        gap = float(((mean - other_mean) ** 2).sum())
        return gap + float(np.trace(covariance) + np.trace(other) - 2 * cross)


@settings(max_examples=20)
@given(st.floats(0.2, 4), st.floats(-3, 3))
def test_shifted_and_scaled_copies_have_the_distance_of_the_formula(scale: float, shift: float) -> None:
    """Every direction adds (s - 1)^2 times its variance, and the square of the shift."""
    real = torch.randn(200, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    fake = scale * (real - real.mean(0)) + real.mean(0) + shift
    expected = 3 * shift**2 + (scale - 1) ** 2 * float(real.var(0).sum())
    found = frechet_distance(real, fake)
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_large_features_with_little_spread_keep_their_precision() -> None:
    real = torch.randn(50, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    moved = frechet_distance(real + 1e6, 2 * real + 1e6)
    assert moved == pytest.approx(frechet_distance(real, 2 * real), rel=1e-6)


def test_equal_sets_are_at_zero_even_with_fewer_pictures_than_dimensions() -> None:
    few = torch.randn(5, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = frechet_distance(few, few)
    assert found is not None
    assert 0 <= found < 1e-4


def slow_mmd(real: list[list[float]], fake: list[list[float]]) -> float:
    """Return the unbiased squared MMD of two sets of the same size, cubic kernel, by double loops."""

    def kernel(left: list[float], right: list[float]) -> float:
        return float((math.fsum(a * b for a, b in zip(left, right, strict=True)) / FEATURES + 1) ** 3)

    size = len(real)

    def within(rows: list[list[float]]) -> float:
        pairs = [(i, j) for i, j in product(range(size), repeat=2) if i != j]
        return math.fsum(kernel(rows[i], rows[j]) for i, j in pairs) / (size * (size - 1))

    across = math.fsum(kernel(a, b) for a, b in product(real, fake)) / size**2
    return within(real) + within(fake) - 2 * across


class TestKID(SetMetricContract):
    """The contract's sets differ in size, so its subsets are drawn: they are replayed here."""

    metric = KID

    def slow_value(self, judged: Judged) -> float | None:
        real, fake = judged.private_features.double(), judged.features[judged.found].double()
        size = min(len(real), len(fake))
        if size < 2:
            return None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(module.seed_stream(0, "kid_subsets"))
            draws = []
            for _ in range(module.SUBSETS):
                chosen = torch.randperm(len(real))[:size], torch.randperm(len(fake))[:size]
                draws.append(slow_mmd(real[chosen[0]].tolist(), fake[chosen[1]].tolist()))
        return math.fsum(draws) / len(draws)

    @pytest.mark.parametrize("not_found", [0.0, 0.3, 1.0])
    @pytest.mark.parametrize("seed", [0, 1])
    def test_equals_the_slow_reference(self, seed: int, not_found: float) -> None:
        super().test_equals_the_slow_reference(seed, not_found)

    def test_neither_the_order_of_rows_nor_the_global_generator_matters(self) -> None:
        """Of sets of one size there is one subset; of others the subsets are drawn."""
        judged = judged_rows(4, 0.0)
        real, fake = judged.private_features[: len(judged)].double(), judged.features.double()
        torch.manual_seed(123)
        before = torch.random.get_rng_state()
        value = kernel_distance(real, fake)
        assert kernel_distance(real.flip(0), fake.flip(0)) == pytest.approx(value, rel=1e-9)
        assert value == pytest.approx(slow_mmd(real.tolist(), fake.tolist()), rel=1e-9)
        drawn = kernel_distance(judged.private_features.double(), fake)
        assert kernel_distance(judged.private_features.double(), fake) == drawn
        assert torch.equal(torch.random.get_rng_state(), before)


def test_the_subsets_are_those_of_the_published_estimate() -> None:
    assert (module.SUBSETS, module.SUBSET_SIZE) == (100, 1000)


def test_two_samples_of_one_distribution_are_near_zero_on_either_side() -> None:
    random = torch.Generator().manual_seed(0)
    values = [
        kernel_distance(*(torch.randn(60, 3, dtype=torch.float64, generator=random) for _ in range(2)))
        for _ in range(20)
    ]
    known = [value for value in values if value is not None]
    assert min(known) < 0 < max(known)
    assert abs(sum(known) / 20) < 0.1
