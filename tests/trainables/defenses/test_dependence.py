"""HSIC and COCO against golden numbers and an independent reference written with plain loops."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainables.defenses.dependence import (
    centred,
    dependence,
    frobenius_coco,
    gaussian_kernel,
    label_kernel,
    linear_kernel,
    normalised,
    normalised_hsic,
)

LABELS = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])


def golden_rows() -> tuple[torch.Tensor, torch.Tensor]:
    """Return Z (8, 6) and X (8, 10) of the golden numbers."""
    i, j = torch.arange(8.0, dtype=torch.float64)[:, None], torch.arange(10.0, dtype=torch.float64)[None]
    x = torch.sin(1.0 * i + 0.3 * j + 0.07 * i * j)
    z = torch.sin(0.5 * i + 1.1 * j + 0.13 * i * j)
    return z[:, :6], x


def slow_gaussian(rows: np.ndarray) -> np.ndarray:
    size, dim = rows.shape
    kernel = np.empty((size, size))
    for a in range(size):
        for b in range(size):
            kernel[a, b] = np.exp(-np.sum((rows[a] - rows[b]) ** 2) / (2 * 25 * dim))
    return kernel


def one_sided(kernel: np.ndarray) -> np.ndarray:
    """R from K H alone, as the published code centres, with a plain inverse."""
    size = len(kernel)
    centred = kernel @ (np.eye(size) - np.ones((size, size)) / size)
    return centred @ np.linalg.inv(centred + 1e-5 * size * np.eye(size))


def slow_trace(first: np.ndarray, second: np.ndarray) -> float:
    return sum(first[a, b] * second[b, a] for a in range(len(first)) for b in range(len(first)))


def slow_coco(first: np.ndarray, second: np.ndarray) -> float:
    """COCO of two kernels, with H written out and the Frobenius norm as a sum of squares."""
    size = len(first)
    middle = np.eye(size) - np.ones((size, size)) / size
    product = middle @ first @ middle @ middle @ second @ middle
    return float(np.sqrt(np.sqrt(sum(value**2 for value in product.flatten()))) / size)


def coco(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """COCO of two batches of rows under Gaussian kernels."""
    return frobenius_coco(centred(gaussian_kernel(first)), centred(gaussian_kernel(second)))


def random_rows(size: int, dim: int, seed: int) -> torch.Tensor:
    return torch.randn(size, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_golden_numbers_of_coco() -> None:
    z, x = golden_rows()
    assert coco(z, x).item() == pytest.approx(0.007381523, abs=1e-9)
    of_labels = centred(label_kernel(LABELS, 4))
    found = frobenius_coco(centred(gaussian_kernel(z)), of_labels)
    assert found.item() == pytest.approx(0.050040030, abs=1e-9)


@given(size=st.integers(2, 8), dim=st.integers(1, 6), seed=st.integers(0, 2**32))
def test_coco_is_that_of_the_slow_reference(size: int, dim: int, seed: int) -> None:
    z, x = random_rows(size, dim, seed), random_rows(size, 5, seed + 1)
    expected = slow_coco(slow_gaussian(z.numpy()), slow_gaussian(x.numpy()))
    assert coco(z, x).item() == pytest.approx(expected, rel=1e-6)
    assert coco(x, z).item() == pytest.approx(expected, rel=1e-6)


def test_coco_in_float32_is_within_a_ten_thousandth_of_float64() -> None:
    features, images = random_rows(64, 8192, 0).relu() + 20, random_rows(64, 3072, 1).sigmoid()
    exact = coco(features.float().double(), images.float().double()).item()
    assert coco(features.float(), images.float()).item() == pytest.approx(exact, rel=1e-4)


def test_gradient_of_coco_is_that_of_finite_differences() -> None:
    other = centred(gaussian_kernel(random_rows(6, 3, 1)))
    assert torch.autograd.gradcheck(
        lambda rows: frobenius_coco(centred(gaussian_kernel(rows)), other),
        random_rows(6, 4, 0).requires_grad_(),
    )


def test_coco_of_constant_rows_is_0_with_a_finite_gradient() -> None:
    rows = torch.ones(8, 5, dtype=torch.float64, requires_grad=True)
    value = coco(rows, random_rows(8, 3, 0))
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-9)
    assert rows.grad is not None
    assert torch.isfinite(rows.grad).all()


def test_coco_of_stacked_kernels_is_summed() -> None:
    layers, x = [random_rows(8, 5, 0), random_rows(8, 9, 1)], random_rows(8, 3, 2)
    stacked = torch.stack([centred(gaussian_kernel(layer)) for layer in layers])
    total = frobenius_coco(stacked, centred(gaussian_kernel(x))).item()
    assert total == pytest.approx(sum(coco(layer, x).item() for layer in layers))


def test_golden_numbers() -> None:
    z, x = golden_rows()
    assert normalised_hsic(z, x).item() == pytest.approx(5.045841795, abs=1e-6)
    of_labels = normalised(label_kernel(LABELS, 4))
    assert dependence(normalised(gaussian_kernel(z)), of_labels).item() == pytest.approx(
        2.810079500, abs=1e-6
    )


def test_golden_number_with_a_gaussian_kernel_on_the_labels() -> None:
    z, _ = golden_rows()
    one_hot = torch.nn.functional.one_hot(LABELS, 4).double()
    assert normalised_hsic(z, one_hot).item() == pytest.approx(2.798940071, abs=1e-6)


@pytest.mark.parametrize(("size", "seed"), [(2, 0), (7, 1), (16, 2)])
def test_two_sided_centring_equals_the_one_sided_reference(size: int, seed: int) -> None:
    z, x = random_rows(size, 5, seed), random_rows(size, 9, seed + 100)
    expected = slow_trace(one_sided(slow_gaussian(z.numpy())), one_sided(slow_gaussian(x.numpy())))
    assert normalised_hsic(z, x).item() == pytest.approx(expected, abs=1e-8)


def test_kernels_equal_the_slow_ones() -> None:
    rows = random_rows(6, 4, 0)
    np.testing.assert_allclose(gaussian_kernel(rows).numpy(), slow_gaussian(rows.numpy()), atol=1e-12)
    np.testing.assert_allclose(linear_kernel(rows).numpy(), rows.numpy() @ rows.numpy().T, atol=1e-12)
    agree = (LABELS[:, None] == LABELS[None]).double()
    assert torch.equal(label_kernel(LABELS, 4), agree)


def test_kernels_flatten_feature_maps() -> None:
    maps = random_rows(6, 48, 0).reshape(6, 3, 4, 4)
    assert torch.equal(gaussian_kernel(maps), gaussian_kernel(maps.flatten(1)))


@pytest.mark.parametrize("scale", [0.01, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("offset", [0.0, 20.0])
def test_float32_is_within_a_ten_thousandth_of_float64(scale: float, offset: float) -> None:
    """Wide features of a full batch, with means far above their spread, where plain float32 loses digits."""
    features = (random_rows(64, 8192, 0).relu() + offset) * scale
    images = random_rows(64, 3072, 1).sigmoid()
    single, double = features.float(), features.float().double()
    fast = normalised_hsic(single, images.float())
    assert fast.dtype == torch.float64
    assert fast.item() == pytest.approx(normalised_hsic(double, images.float().double()).item(), rel=1e-4)


def test_float32_gradient_is_close_to_that_of_float64() -> None:
    images, labels = random_rows(16, 300, 1).sigmoid(), torch.arange(16) % 4

    def gradient(rows: torch.Tensor) -> torch.Tensor:
        rows = rows.clone().requires_grad_()
        of_rows = normalised(gaussian_kernel(rows))
        value = dependence(of_rows, normalised(gaussian_kernel(images))) - 2 * dependence(
            of_rows, normalised(label_kernel(labels, 4))
        )
        value.backward()
        assert rows.grad is not None
        return rows.grad

    rows = random_rows(16, 500, 2).float()
    exact = gradient(rows.double())
    assert (gradient(rows).double() - exact).norm() < 1e-3 * exact.norm()


def test_gradient_is_that_of_finite_differences() -> None:
    other = normalised(gaussian_kernel(random_rows(6, 3, 1)))
    assert torch.autograd.gradcheck(
        lambda rows: dependence(normalised(gaussian_kernel(rows)), other),
        random_rows(6, 4, 0).requires_grad_(),
    )


@given(
    size=st.integers(2, 20), dim=st.integers(1, 30), scale=st.floats(1e-3, 100), seed=st.integers(0, 2**32)
)
def test_between_zero_and_one_less_than_the_batch(size: int, dim: int, scale: float, seed: int) -> None:
    z, x = random_rows(size, dim, seed) * scale, random_rows(size, 5, seed + 1)
    assert -1e-9 <= normalised_hsic(z, x).item() <= size - 1 + 1e-9


@given(seed=st.integers(0, 2**32), shift=st.floats(-5, 5))
def test_symmetric_and_blind_to_shifts_and_to_the_order_of_the_batch(seed: int, shift: float) -> None:
    z, x = random_rows(9, 4, seed), random_rows(9, 6, seed + 1)
    value = normalised_hsic(z, x).item()
    order = torch.randperm(9, generator=torch.Generator().manual_seed(seed))
    assert normalised_hsic(x, z).item() == pytest.approx(value, rel=1e-8)
    assert normalised_hsic(z + shift, x).item() == pytest.approx(value, rel=1e-6)
    assert normalised_hsic(z[order], x[order]).item() == pytest.approx(value, rel=1e-8)


def test_constant_features_depend_on_nothing() -> None:
    assert normalised_hsic(torch.ones(8, 5), random_rows(8, 3, 0)).item() == pytest.approx(0, abs=1e-9)


def test_features_that_are_not_finite_give_nan() -> None:
    rows = random_rows(8, 5, 0)
    rows[3, 2] = torch.inf
    assert torch.isnan(normalised_hsic(rows, random_rows(8, 3, 1)))


def test_stacked_kernels_are_summed() -> None:
    layers, x = [random_rows(8, 5, 0), random_rows(8, 9, 1)], random_rows(8, 3, 2)
    stacked = normalised(torch.stack([gaussian_kernel(layer) for layer in layers]))
    total = dependence(stacked, normalised(gaussian_kernel(x))).item()
    assert total == pytest.approx(sum(normalised_hsic(layer, x).item() for layer in layers))
