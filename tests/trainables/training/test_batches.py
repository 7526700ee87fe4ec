"""Batches: every picture once, no batch of one, P classes x K pictures."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainables.training.batches import ImpossibleBatches, classes_by_images, shuffled


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(count=st.integers(2, 200), batch_size=st.integers(2, 64), seed=st.integers(0, 2**32))
def test_every_picture_once_and_never_a_batch_of_one(count: int, batch_size: int, seed: int) -> None:
    batches = list(shuffled(count, batch_size, generator(seed)))
    assert sorted(torch.cat(batches).tolist()) == list(range(count))
    assert all(len(batch) == batch_size for batch in batches[:-1][:-1])
    assert all(2 <= len(batch) <= batch_size + 1 for batch in batches)


def test_the_incomplete_batch_is_kept() -> None:
    assert [len(batch) for batch in shuffled(10, 4, generator(0))] == [4, 4, 2]
    assert [len(batch) for batch in shuffled(9, 4, generator(0))] == [4, 5]


def test_two_epochs_differ_and_the_same_seed_repeats() -> None:
    stream = generator(3)
    first, second = (torch.cat(list(shuffled(50, 8, stream))) for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(first, torch.cat(list(shuffled(50, 8, generator(3)))))


def test_one_picture_is_refused() -> None:
    with pytest.raises(ImpossibleBatches, match="1 pictures"):
        list(shuffled(1, 8, generator(0)))


@given(
    classes=st.integers(4, 10),
    each=st.integers(3, 11),
    per_class=st.integers(1, 3),
    seed=st.integers(0, 2**32),
)
def test_batches_hold_p_classes_of_k_pictures_without_repeats(
    classes: int, each: int, per_class: int, seed: int
) -> None:
    labels = torch.arange(classes).repeat(each)
    batches = list(classes_by_images(labels, 4 * per_class, per_class, generator(seed)))
    assert batches
    for batch in batches:
        found, counts = labels[batch].unique(return_counts=True)
        assert len(found) == 4
        assert counts.tolist() == [per_class] * 4
    everything = torch.cat(batches).tolist()
    assert len(set(everything)) == len(everything)


def test_an_epoch_ends_when_too_few_classes_have_a_chunk() -> None:
    labels = torch.tensor([0] * 6 + [1] * 6 + [2] * 2)
    batches = [labels[batch].unique().tolist() for batch in classes_by_images(labels, 4, 2, generator(0))]
    chunks = [3 - sum(k in batch for batch in batches) for k in (0, 1)] + [
        1 - sum(2 in batch for batch in batches)
    ]
    assert sum(left > 0 for left in chunks) < 2


def test_a_class_with_too_few_pictures_repeats_some() -> None:
    labels = torch.tensor([0, 0, 0, 0, 1])
    (batch,) = classes_by_images(labels, 8, 4, generator(0))
    assert sorted(batch.tolist()) == [0, 1, 2, 3, 4, 4, 4, 4]


@pytest.mark.parametrize(("batch_size", "per_class"), [(4, 8), (40, 4)])
def test_batches_that_cannot_be_made_are_refused(batch_size: int, per_class: int) -> None:
    labels = torch.arange(5).repeat(8)
    with pytest.raises(ImpossibleBatches, match=rf"batch_size {batch_size} .* must be 1 to 5"):
        list(classes_by_images(labels, batch_size, per_class, generator(0)))
