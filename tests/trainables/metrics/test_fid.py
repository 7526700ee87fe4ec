"""FID against moments by loops and a symmetric square root, and against what is known in closed form."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from tests.contracts.metric_contract import FEATURES, SetMetricContract
from trainables.metrics import FID, Judged
from trainables.metrics.fid import frechet_distance


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
