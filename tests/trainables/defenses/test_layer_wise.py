"""Layer-wise training: which units a group names, and that a frozen middle lets gradients pass."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from search_spaces.defenses import Defense
from search_spaces.defenses.freezing import LayerWise, UnknownUnits, units_of
from tests.trainables.defenses.freezing_contract import FreezingContract
from tldmi_sweep.testing.defense_contract import CLASSES, DATA, DefenseContract, fresh_target
from trainables.defenses import build_defense
from trainables.training.accuracy import unit_range

VGG16 = [f"conv{number}" for number in range(1, 14)]


class TestLayerWise(FreezingContract, DefenseContract):
    settings = Defense.of(LayerWise(trainable=("first", "last")))
    frozen = ("conv3", "conv4")


class TestLayerWiseWithFrozenStatistics(FreezingContract, DefenseContract):
    settings = Defense.of(LayerWise(trainable=("conv2..conv3", "conv6"), frozen_bn="eval"))
    frozen = ("conv1", "conv4", "conv5")
    follows = False


def backward_flops(settings: Defense) -> int:
    """Return the floating-point operations of the backward pass of one batch."""
    model, defense = fresh_target(settings), build_defense(settings, 0)
    defense.prepare(model)
    loss = defense.loss(model, unit_range(DATA.private_train.images), DATA.private_train.labels, CLASSES)
    with FlopCounterMode(display=False) as counter:
        loss.total.backward()
    return counter.get_total_flops()


def forward_flops(unit: str) -> int:
    model, seen = fresh_target(), {}
    for name, module in model.units.items():
        module.register_forward_hook(lambda _, given, __, name=name: seen.update({name: given[0]}))
    model(unit_range(DATA.private_train.images))
    with FlopCounterMode(display=False) as counter:
        model.units[unit](seen[unit].detach())
    return counter.get_total_flops()


def test_a_frozen_middle_costs_its_input_gradients_but_no_weight_gradients() -> None:
    frozen = sum(forward_flops(name) for name in ("conv3", "conv4"))
    whole, partly = (
        backward_flops(Defense()),
        backward_flops(Defense.of(LayerWise(trainable=("first", "last")))),
    )
    assert whole - partly == frozen


def test_gradients_pass_the_frozen_middle_unchanged() -> None:
    gradients = []
    for settings in (Defense(), Defense.of(LayerWise(trainable=("first", "last")))):
        model, defense = fresh_target(), build_defense(settings, 0)
        defense.prepare(model)
        images, labels = unit_range(DATA.private_train.images), DATA.private_train.labels
        defense.loss(model, images, labels, CLASSES).total.backward()
        gradients.append(model.units["conv1"][0].weight.grad)
    assert torch.equal(*gradients)


@given(count=st.integers(5, 60))
def test_thirds_share_out_all_units_in_order_and_evenly(count: int) -> None:
    units = [f"u{number}" for number in range(count)]
    thirds = [list(units_of(name, units)) for name in ("first", "middle", "last")]
    assert [name for third in thirds for name in third] == units
    assert max(map(len, thirds)) - min(map(len, thirds)) <= 1


def test_groups_of_vgg16() -> None:
    """first: the first two blocks; last: from the second convolution of 512 channels on."""
    assert units_of("first", VGG16) == VGG16[:4]
    assert units_of("middle", VGG16) == VGG16[4:9]
    assert units_of("last", VGG16) == VGG16[9:]
    assert units_of("conv3..conv5", VGG16) == VGG16[2:5]
    assert units_of("conv13", VGG16) == ["conv13"]


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ("conv14", r"trainable 'conv14': no unit of T; .* Did you mean 'conv4'"),
        ("lst", r"Did you mean 'last'\?"),
        ("conv2..convx", r"trainable 'convx': no unit of T"),
        ("conv5..conv3", r"trainable 'conv5\.\.conv3': no unit of T is in it"),
    ],
)
def test_groups_that_name_nothing_are_refused(group: str, message: str) -> None:
    settings = Defense.of(LayerWise(trainable=("last", group)))
    with pytest.raises(UnknownUnits, match=message):
        build_defense(settings, 0).prepare(fresh_target())


def test_a_third_without_units_is_refused() -> None:
    with pytest.raises(UnknownUnits, match="trainable 'middle': no unit of T is in it; they are, in order"):
        units_of("middle", ["a", "b"])
