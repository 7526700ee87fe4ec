"""The validation split, the epoch that is kept, and when a training is given up."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from search_spaces.targets import UtilityFloor
from trainables.datasets.dataset import LabelledImages
from trainables.training.curve import EpochRow
from trainables.training.selection import SelectedWeights, held_out, reason_to_stop


def pictures(*labels: int) -> LabelledImages:
    """Return pictures that show their own index."""
    return LabelledImages(torch.arange(len(labels)).view(-1, 1, 1, 1), torch.tensor(labels))


def row(epoch: int, train: float = 0.0, val: float | None = None, test: float | None = None) -> EpochRow:
    known = {"train_acc": train, "val_acc": val, "test_acc": test}
    return EpochRow(epoch, {name: value for name, value in known.items() if value is not None})


@given(
    counts=st.lists(st.integers(1, 12), min_size=1, max_size=6).filter(lambda counts: max(counts) > 1),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32),
)
def test_each_class_gives_its_share_and_keeps_a_picture(
    counts: list[int], fraction: float, seed: int
) -> None:
    everything = pictures(*(label for label, count in enumerate(counts) for _ in range(count)))
    kept, out = held_out(everything, fraction, seed)
    assert out is not None
    shown = torch.cat([kept.images, out.images]).flatten()
    assert sorted(shown.tolist()) == list(range(len(everything)))
    for part in (kept, out):
        assert torch.equal(part.labels, everything.labels[part.images.flatten()])
        assert part.images.flatten().tolist() == sorted(part.images.flatten().tolist())
    for label, count in enumerate(counts):
        number = int((out.labels == label).sum())
        assert number == min(max(1, round(fraction * count)), count - 1)


def test_the_split_is_random_and_repeats() -> None:
    everything = pictures(*([0] * 50 + [1] * 50))
    first, again, other = (held_out(everything, 0.2, seed)[1] for seed in (1, 1, 2))
    assert first is not None
    assert again is not None
    assert other is not None
    assert torch.equal(first.images, again.images)
    assert not torch.equal(first.images, other.images)
    assert first.images.flatten().tolist() != list(range(10)) + list(range(50, 60))


def test_nothing_is_held_out_at_0() -> None:
    everything = pictures(0, 0, 1)
    assert held_out(everything, 0.0, 1) == (everything, None)


def test_single_pictures_cannot_be_held_out() -> None:
    with pytest.raises(ValueError, match="every class has a single training picture"):
        held_out(pictures(0, 1, 2), 0.5, 0)


@pytest.mark.parametrize(("rule", "chosen"), [("last", 3), ("validation_best", 1), ("test_best", 2)])
def test_the_rule_chooses_the_epoch_and_its_weights(rule: str, chosen: int) -> None:
    """Two epochs are equally good on the held-out pictures: the first is taken."""
    model, selected = nn.Linear(1, 1), SelectedWeights(rule)
    for epoch, (val, test) in enumerate([(0.2, 0.1), (0.6, 0.3), (0.6, 0.9), (0.5, 0.4)]):
        nn.init.constant_(model.weight, epoch)
        selected.offer(row(epoch, 0.0, val, test), model)
    selected.restore(model)
    assert selected.epoch == chosen
    assert model.weight.item() == chosen


def given_classes(*classes: int) -> torch.Tensor:
    return torch.zeros(5, dtype=torch.bool).index_fill(0, torch.tensor(classes), True)


def test_one_class_in_two_epochs_is_a_collapse() -> None:
    curve = [row(0), row(1), row(2)]
    reason = reason_to_stop(curve, [given_classes(0, 1), given_classes(3), given_classes(3)], None)
    assert reason == "collapsed: every training picture of epochs 1 and 2 was given class 3"


@pytest.mark.parametrize(
    "given_per_epoch",
    [
        [given_classes(3)],
        [given_classes(3), given_classes(2)],
        [given_classes(3), given_classes(3, 1)],
        [given_classes(3, 1), given_classes(3)],
    ],
)
def test_less_is_no_collapse(given_per_epoch: list[torch.Tensor]) -> None:
    assert reason_to_stop([row(0)] * len(given_per_epoch), given_per_epoch, None) is None


FLOOR = UtilityFloor(acc=0.5, epochs=3)


def stopped(*rows: EpochRow) -> str | None:
    return reason_to_stop(list(rows), [given_classes(0, 1)] * len(rows), FLOOR)


def test_the_floor_is_looked_at_once_and_by_the_best_epoch_so_far() -> None:
    low = [row(0, 0.1), row(1, 0.2), row(2, 0.49)]
    assert stopped(*low[:2]) is None
    assert stopped(*low) == "utility floor: training accuracy is 0.4900 after 3 epochs, under 0.5"
    assert stopped(row(0, 0.1), row(1, 0.5), row(2, 0.2)) is None
    assert stopped(*low, row(3, 0.1)) is None


def test_held_out_pictures_decide_on_the_floor_where_there_are_some_and_test_pictures_never() -> None:
    validated = [row(epoch, train=1.0, val=0.25, test=1.0) for epoch in range(3)]
    assert stopped(*validated) == "utility floor: validation accuracy is 0.2500 after 3 epochs, under 0.5"
    assert stopped(*(row(epoch, train=0.0, val=0.5, test=0.0) for epoch in range(3))) is None
    assert stopped(*(row(epoch, train=0.4, test=1.0) for epoch in range(3))) is not None
