"""Weights that do not belong to a network are refused with a list of what differs."""

import pytest
import torch

from trainables.weights.fitting import WeightsMismatch, require_fit

EXPECTED = {"a": torch.zeros(2, 3), "b": torch.zeros(1)}


def test_order_and_values_do_not_matter_shapes_do() -> None:
    require_fit(EXPECTED, {"b": torch.ones(1), "a": torch.ones(2, 3)}, "net")
    with pytest.raises(WeightsMismatch):
        require_fit(EXPECTED, {"b": torch.ones(1), "a": torch.ones(3, 2)}, "net")


def test_every_kind_of_difference_is_listed() -> None:
    with pytest.raises(WeightsMismatch) as caught:
        require_fit(EXPECTED, {"a": torch.zeros(3, 2), "c": torch.zeros(1)}, "net")
    assert str(caught.value) == (
        "weights of net do not fit: missing: b; not expected: c; of another shape: a (3, 2) instead of (2, 3)"
    )


def test_long_lists_are_cut() -> None:
    with pytest.raises(WeightsMismatch, match="n0, n1, n2, n3, n4 and 3 more"):
        require_fit({}, {f"n{number}": torch.zeros(1) for number in range(8)}, "net")
