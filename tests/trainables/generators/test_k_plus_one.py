"""The (K+1)-way discriminator and its losses against sums written out."""

import math

import pytest
import torch

from trainables.generators.k_plus_one import (
    ClassScores,
    Discriminator,
    discriminator_loss,
    fakeness,
    generator_loss,
)


def test_published_size_without_the_minibatch_layer() -> None:
    """18.89 M parameters as published, of which 64 x 50 x 4096 and 64 x 1000 belong to that layer."""
    own = sum(parameter.numel() for parameter in Discriminator(3, 64, 64, 1000).parameters())
    stages = sum(
        kernel**2 * before * after + 3 * after
        for kernel, before, after in [(5, 3, 64), (5, 64, 128), (5, 128, 256), (3, 256, 256)]
    )
    assert own == stages + 4096 * 1000 + 1000
    assert round((own + 64 * 50 * 4096 + 64 * 1000) / 1e6, 2) == 18.89


def test_minibatch_discrimination_would_add_exact_zeros() -> None:
    """Why it is left out: o_b = sum_{i != b} exp(-||T_b - T_i||_1) underflows for different pictures."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        feature = Discriminator(3, 64, 64, 10)(torch.rand(4, 3, 64, 64)).feature
        rows = feature @ torch.randn(4096, 50)  # one of its 64 kernels
    distances = torch.cdist(rows, rows, p=1)
    off_diagonal = distances[~torch.eye(4, dtype=torch.bool)]
    assert off_diagonal.min() > 200
    assert (-off_diagonal).exp().max() == 0


@pytest.mark.parametrize(
    ("channels", "resolution", "feature"), [(1, 4, 24), (3, 8, 96), (1, 16, 96), (2, 48, 432), (1, 64, 384)]
)
def test_shapes_at_other_sizes(channels: int, resolution: int, feature: int) -> None:
    scores = Discriminator(channels, 6, resolution, 5)(torch.rand(3, channels, resolution, resolution))
    assert scores.feature.shape == (3, feature)
    assert scores.logits.shape == (3, 5)


def test_too_small_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="3x3: at least 4x4"):
        Discriminator(1, 4, 3, 5)


def test_rows_do_not_know_of_each_other() -> None:
    discriminator = Discriminator(1, 4, 16, 5).double()
    pictures = torch.rand(4, 1, 16, 16).double()
    together = discriminator(pictures).logits
    alone = torch.cat([discriminator(picture[None]).logits for picture in pictures])
    torch.testing.assert_close(together, alone)


def probability_real(logits: list[float]) -> float:
    """Return P(real) with a K+1-th logit of 0, as the paper defines it."""
    return 1 - 1 / (1 + sum(math.exp(logit) for logit in logits))


def test_fakeness_is_minus_log_probability_of_real() -> None:
    logits = torch.tensor([[0.2, -1.0, 3.0], [-4.0, -5.0, -6.0]]).double()
    expected = [-math.log(probability_real(row)) for row in logits.tolist()]
    assert fakeness(logits).tolist() == pytest.approx(expected, rel=1e-12)
    assert fakeness(torch.full((1, 3), 500.0)).item() == 0.0
    assert fakeness(torch.full((1, 3), -500.0)).item() == pytest.approx(500 - math.log(3))


def test_discriminator_loss_is_the_published_sum() -> None:
    torch.manual_seed(1)
    labelled, unlabelled, fake = (torch.randn(3, 4).double() for _ in range(3))
    soft = torch.rand(3, 4).double()
    soft = soft / soft.sum(1, keepdim=True)
    expected = 0.0
    for row in range(3):
        total = sum(math.exp(value) for value in labelled[row].tolist())
        expected -= (
            sum(soft[row, k].item() * math.log(math.exp(labelled[row, k].item()) / total) for k in range(4))
            / 3
        )
        expected -= 0.5 * math.log(probability_real(unlabelled[row].tolist())) / 3
        expected -= 0.5 * math.log(1 - probability_real(fake[row].tolist())) / 3
    assert discriminator_loss(labelled, soft, unlabelled, fake).item() == pytest.approx(expected, rel=1e-12)


def test_generator_loss_is_the_published_sum() -> None:
    torch.manual_seed(2)
    fake = ClassScores(torch.randn(3, 5).double(), torch.randn(3, 4).double())
    real = torch.randn(6, 5).double()
    matching = (
        sum(abs(sum(fake.feature[:, d].tolist()) / 3 - sum(real[:, d].tolist()) / 6) for d in range(5)) / 5
    )
    entropy = 0.0
    for row in fake.logits.tolist():
        shares = [math.exp(value) / sum(math.exp(other) for other in row) for value in row]
        entropy -= sum(share * math.log(share) for share in shares)
    assert generator_loss(fake, real, 0.3).item() == pytest.approx(matching + 0.3 * entropy, rel=1e-12)
