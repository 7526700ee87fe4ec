"""The linear generator against the definition of principal components, and its statistics."""

import math

import torch

from trainables.generators.eigenfaces import CLAMPED_STD, EigenfaceGenerator, eigenfaces


def pictures(count: int = 30, side: int = 8, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, (count, 1, side, side), generator=torch.Generator().manual_seed(seed)).byte()


def test_components_are_eigenvectors_of_the_covariance_scaled_by_their_deviation() -> None:
    public = pictures()
    state = eigenfaces(public, z_dim=5)
    rows = torch.cat([public, public.flip(-1)]).flatten(1).double() / 255
    torch.testing.assert_close(state["mean"].double(), rows.mean(0), atol=1e-6, rtol=0)
    covariance = torch.cov(rows.T, correction=0)
    variances, vectors = torch.linalg.eigh(covariance)
    scaled = state["components"].double() * CLAMPED_STD
    torch.testing.assert_close(scaled.square().sum(1), variances.flip(0)[:5], rtol=1e-4, atol=1e-9)
    expected = vectors.flip(1)[:, :5] @ torch.diag(variances.flip(0)[:5]) @ vectors.flip(1)[:, :5].T
    torch.testing.assert_close(scaled.T @ scaled, expected, rtol=1e-3, atol=1e-6)


def test_clamped_latents_vary_as_much_as_the_data() -> None:
    latents = torch.randn(200_000, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    assert math.isclose(float(latents.std()), CLAMPED_STD, rel_tol=5e-3)


def test_few_pictures_leave_components_of_zero() -> None:
    state = eigenfaces(pictures(3), z_dim=10)
    norms = state["components"].norm(dim=1)
    assert (norms[:5] > 0).all()  # six pictures with their mirror images span five directions
    assert (norms[5:] == 0).all()


def test_pictures_are_in_range_and_linear_inside_it() -> None:
    generator = EigenfaceGenerator(4, 1, 8)
    generator.load_state_dict(eigenfaces(pictures(), z_dim=4))
    latents = torch.eye(4) * 0.1
    expected = (generator.mean + latents @ generator.components).view(4, 1, 8, 8)
    torch.testing.assert_close(generator(latents), expected)
    extreme = generator(100 * torch.randn(8, 4))
    assert extreme.shape == (8, 1, 8, 8)
    assert extreme.min() == 0
    assert extreme.max() == 1
