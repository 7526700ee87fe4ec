"""Accuracy, evaluation mode, and 8-bit pictures."""

import pytest
import torch

from tests.trainables.linear_network import Linear
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.models.small_vgg import small_vgg
from trainables.models.target_model import TargetModel
from trainables.training.accuracy import accuracy, evaluating, unit_range

DATA = tiny_face_data(4, resolution=16)


def test_accuracy_counts_the_largest_logit() -> None:
    model = Linear()
    with torch.no_grad():
        model.weight[2] = 1.0
    images, labels = DATA.private_test.images, DATA.private_test.labels
    assert accuracy(model, images, labels) == 0.25
    assert accuracy(model, images[4:6], torch.tensor([2, 0])) == 0.5


def test_accuracy_leaves_modes_and_statistics_alone() -> None:
    model: TargetModel = small_vgg(4, 16).train()
    model.units["conv1"].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    accuracy(model, DATA.private_test.images, DATA.private_test.labels)
    assert model.training
    assert not model.units["conv1"].training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_accuracy_needs_pictures() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        accuracy(Linear(), DATA.private_test.images[:0], DATA.private_test.labels[:0])


def interrupted(model: Linear) -> None:
    with evaluating(model):
        assert not model.dropout.training
        raise RuntimeError("on purpose")


def test_modes_come_back_after_an_error() -> None:
    model = Linear()
    with pytest.raises(RuntimeError, match="on purpose"):
        interrupted(model)
    assert model.dropout.training


def test_only_8_bit_pictures_are_taken() -> None:
    with pytest.raises(TypeError, match=r"torch\.float32"):
        unit_range(torch.zeros(1, 3, 4, 4))
