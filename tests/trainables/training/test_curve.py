"""Means over an epoch: the same however many batches wait for a look; what is not finite is seen."""

import math

import pytest
import torch

from trainables.objective import BatchLoss
from trainables.training import curve
from trainables.training.curve import EpochMeans, EpochRow


def loss(value: float, predicted: tuple[int, ...] = (0, 1)) -> BatchLoss:
    total = torch.tensor(value)
    logits = torch.nn.functional.one_hot(torch.tensor(predicted), 4).float()
    return BatchLoss(total, logits, {"cross_entropy": total / 2, "dependence_y": total})


def means_of(values: list[float], looks_after: int) -> EpochMeans:
    means = EpochMeans(4)
    means._looks_after = looks_after  # what a GPU has
    for value in values:
        means.add(loss(value), torch.tensor([0, 3]))
    return means


def row(looks_after: int) -> EpochRow:
    return means_of([0.1, 0.7, 1.3, 2.9, 0.3], looks_after).row(2, 0.5)


@pytest.mark.parametrize("looks_after", [2, 5, curve.BATCHES_BETWEEN_LOOKS])
def test_batches_that_wait_change_no_bit(looks_after: int) -> None:
    assert row(looks_after) == row(1)
    assert row(1).values["train_acc"] == 0.5
    assert row(1).values["dependence_y"] == row(1).values["loss"] == 2 * row(1).values["cross_entropy"]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_seen_at_the_next_look(bad: float) -> None:
    assert not means_of([1.0, bad], looks_after=1).finite
    waiting = means_of([bad, 1.0], looks_after=3)
    assert waiting.finite
    waiting.look()
    waiting.add(loss(1.0), torch.tensor([0, 3]))
    assert not waiting.finite


def test_classes_that_were_given_are_remembered() -> None:
    means = means_of([1.0], looks_after=1)
    means.add(loss(1.0, predicted=(3, 3)), torch.tensor([0, 3]))
    assert means.given.tolist() == [True, True, False, True]
