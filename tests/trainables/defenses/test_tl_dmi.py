"""TL-DMI: what is frozen, exactly, and what frozen BatchNorm does."""

import pytest
import torch

from search_spaces.defenses import TLDMI
from tests.contracts.defense_contract import DefenseContract, fresh_target
from trainables.defenses import build_defense
from trainables.models.target_model import TargetModel
from trainables.models.vgg16 import vgg16

VGG16_TRAINED = (
    16_774_184,
    16_772_264,
    16_735_208,
    16_661_096,
    16_513_256,
    16_217_576,
    15_626_984,
    15_036_392,
    13_855_208,
    11_494_376,
    9_133_544,
    6_772_712,
    4_411_880,
    2_051_048,
)
"""theta_C of VGG16 with 1000 classes after freezing 0, 1, ... 13 convolutions and their BatchNorm."""


def statistics(model: TargetModel, depth: int) -> list[torch.Tensor]:
    """Return the running statistics of the first ``depth`` units."""
    units = list(model.units.values())[:depth]
    return [value for unit in units for name, value in unit.named_buffers() if "running" in name]


class FreezingContract(DefenseContract):
    """What a defence that freezes the first two units of the small VGG must do."""

    def test_frozen_weights_are_bit_identical_and_the_rest_is_trained(self, trained: TargetModel) -> None:
        before = dict(fresh_target().named_parameters())
        for name, value in trained.named_parameters():
            kept = name.startswith(("units.conv1.", "units.conv2.")) or name == "neck.1.bias"
            assert torch.equal(value, before[name]) == kept, name

    def test_frozen_weights_get_no_gradient_and_no_graph(self) -> None:
        model = fresh_target()
        self.defense().prepare(model)
        self.batch_loss(model).total.backward()
        assert all(parameter.grad is None for parameter in model.prefix_parameters(2))
        assert next(model.units["conv3"].parameters()).grad is not None

    def test_no_graph_is_built_for_the_frozen_units(self) -> None:
        model, seen = fresh_target(), []
        self.defense().prepare(model)
        for unit in model.units.values():
            unit.register_forward_hook(lambda _, __, output: seen.append(output.requires_grad))
        self.batch_loss(model)
        assert seen == [False, False, True, True, True, True]

    def test_a_depth_beyond_the_target_is_refused(self) -> None:
        settings = self.settings.model_copy(update={"freeze_depth": 7})
        with pytest.raises(ValueError, match=r"freeze depth 7: allowed 0 to 6"):
            build_defense(settings).prepare(fresh_target())


class TestTLDMI(FreezingContract, DefenseContract):
    kind = "tl_dmi"
    settings = TLDMI(freeze_depth=2, frozen_bn="train")

    def test_frozen_batchnorm_follows_the_private_pictures(self, trained: TargetModel) -> None:
        pairs = zip(statistics(trained, 2), statistics(fresh_target(), 2), strict=True)
        assert not any(torch.equal(*pair) for pair in pairs)

    def test_the_total_is_the_cross_entropy(self) -> None:
        loss = self.batch_loss(fresh_target())
        assert loss.total.item() == loss.cross_entropy.item()


class TestTLDMIWithFrozenStatistics(FreezingContract, DefenseContract):
    kind = "tl_dmi"
    settings = TLDMI(freeze_depth=2, frozen_bn="eval")

    def test_frozen_batchnorm_keeps_its_statistics(self, trained: TargetModel) -> None:
        pairs = list(zip(statistics(trained, 6), statistics(fresh_target(), 6), strict=True))
        assert [torch.equal(*pair) for pair in pairs] == [True] * 4 + [False] * 8


@pytest.mark.parametrize("depth", range(14))
def test_trained_parameters_of_vgg16_at_every_depth(vgg: TargetModel, depth: int) -> None:
    for parameter in vgg.parameters():
        parameter.requires_grad_(True)
    vgg.neck[1].bias.requires_grad_(False)
    build_defense(TLDMI(freeze_depth=depth)).prepare(vgg)
    assert vgg.theta_c == VGG16_TRAINED[depth]
    assert vgg.theta_t == 16_776_232


@pytest.fixture(scope="module")
def vgg() -> TargetModel:
    return vgg16(1000)
