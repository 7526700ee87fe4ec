"""The length of a training in epochs and steps, against the batches that a training takes."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.targets import TargetSettings, UtilityFloor
from search_spaces.training_length import held_out_of, steps_in_epoch
from trainables.datasets.dataset import LabelledImages
from trainables.training.batches import classes_by_images, shuffled
from trainables.training.selection import held_out

counts = st.lists(st.integers(1, 30), min_size=2, max_size=8)


@given(pictures=counts, batch_size=st.integers(2, 70))
def test_shuffled_batches_are_counted(pictures: list[int], batch_size: int) -> None:
    made = list(shuffled(sum(pictures), batch_size, torch.Generator().manual_seed(0)))
    assert steps_in_epoch(pictures, batch_size) == len(made)


@given(pictures=counts, seed=st.integers(0, 1000), data=st.data())
def test_batches_of_classes_are_never_fewer(pictures: list[int], seed: int, data: st.DataObject) -> None:
    per_class = data.draw(st.integers(1, 5))
    batch_size = per_class * data.draw(st.integers(1, len(pictures)))
    labels = torch.repeat_interleave(torch.arange(len(pictures)), torch.tensor(pictures))
    made = list(classes_by_images(labels, batch_size, per_class, torch.Generator().manual_seed(seed)))
    assert 1 <= steps_in_epoch(pictures, batch_size, per_class) <= len(made)


@given(pictures=counts, fraction=st.floats(0.01, 0.99))
def test_held_out_pictures_are_counted(pictures: list[int], fraction: float) -> None:
    labels = torch.repeat_interleave(torch.arange(len(pictures)), torch.tensor(pictures))
    expected = sum(held_out_of(count, fraction) for count in pictures)
    if expected:
        _, out = held_out(LabelledImages(torch.zeros(len(labels), 1), labels), fraction, seed=0)
        assert out is not None
        assert len(out) == expected


def test_the_schedule_and_the_floor_move_with_the_length() -> None:
    own = TargetSettings(
        architecture="small_vgg", epochs=10, batch_size=16, milestones=(5, 8), least_steps=120,
        utility_floor=UtilityFloor(acc=0.2, epochs=2),
    )  # fmt: skip
    longer = own.lengthened([10] * 6)
    assert (longer.epochs, longer.milestones) == (30, (15, 24))
    assert longer.utility_floor == UtilityFloor(acc=0.2, epochs=6)


@pytest.mark.parametrize("pictures", [[10] * 6, [1000] * 10])
def test_least_steps_never_shorten(pictures: list[int]) -> None:
    own = TargetSettings(architecture="small_vgg", epochs=10, batch_size=16, milestones=(5,))
    assert own.model_copy(update={"least_steps": 5}).lengthened(pictures).epochs == 10
    assert own.lengthened(pictures) == own
