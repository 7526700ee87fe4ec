"""Assembling a data set: labels by order, and a hash that every picture, label and name changes."""

import numpy as np
import pytest

from trainables.datasets.assembly import Pictures, assemble
from trainables.datasets.dataset import FaceData


def numbered(*values: int) -> Pictures:
    return np.stack([np.full((1, 16, 16), value, np.uint8) for value in values])


def assembled(**changes: dict[str, Pictures]) -> FaceData:
    parts = {
        "private_train": {"b": numbered(1, 2), "a": numbered(3)},
        "private_test": {"b": numbered(4), "a": numbered(5, 6)},
        "public": {"c": numbered(7, 8, 9)},
    }
    return assemble("toy", **{**parts, **changes}, credit="nobody")


def test_labels_follow_the_order_of_the_names() -> None:
    data = assembled()
    assert data.class_names == ("b", "a")
    assert data.private_train.labels.tolist() == [0, 0, 1]
    assert data.private_train.images[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert data.private_test.labels.tolist() == [0, 1, 1]
    assert data.public.labels.tolist() == [0, 0, 0]


def test_the_same_parts_give_the_same_hash() -> None:
    assert assembled().content_hash == assembled().content_hash


@pytest.mark.parametrize(
    "changes",
    [
        {"private_train": {"b": numbered(1, 2), "a": numbered(0)}},
        {"private_train": {"b": numbered(1), "a": numbered(2, 3)}},
        {"private_test": {"b": numbered(4), "a": numbered(6, 5)}},
        {"public": {"c": numbered(7, 8), "d": numbered(9)}},
        {"public": {"d": numbered(7, 8, 9)}},
        {"public": {"c": numbered(7, 8)}},
    ],
    ids=["pixel", "label", "order", "public label", "name", "count"],
)
def test_any_change_gives_another_hash(changes: dict[str, dict[str, Pictures]]) -> None:
    assert assembled(**changes).content_hash != assembled().content_hash


def test_train_and_test_of_different_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="different classes"):
        assembled(private_test={"a": numbered(5), "b": numbered(4)})
