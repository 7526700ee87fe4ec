"""TL-DMI: what is frozen, exactly, and what frozen BatchNorm does."""

import pytest

from search_spaces.defenses import Defense
from search_spaces.defenses.freezing import TLDMI
from tests.trainables.defenses.freezing_contract import FreezingContract
from tldmi_sweep.testing.defense_contract import DefenseContract, fresh_target
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


class TestTLDMI(FreezingContract, DefenseContract):
    settings = Defense.of(TLDMI(freeze_depth=2, frozen_bn="train"))

    def test_the_total_is_the_cross_entropy(self) -> None:
        loss = self.batch_loss(fresh_target())
        assert loss.total.item() == loss.values["cross_entropy"].item()

    def test_a_depth_beyond_the_target_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"freeze depth 7: allowed 0 to 6"):
            build_defense(Defense.of(TLDMI(freeze_depth=7)), 0).prepare(fresh_target())


class TestTLDMIWithFrozenStatistics(FreezingContract, DefenseContract):
    settings = Defense.of(TLDMI(freeze_depth=2, frozen_bn="eval"))
    follows = False


@pytest.mark.parametrize("depth", range(14))
def test_trained_parameters_of_vgg16_at_every_depth(vgg: TargetModel, depth: int) -> None:
    for parameter in vgg.parameters():
        parameter.requires_grad_(True)
    vgg.neck[1].bias.requires_grad_(False)
    build_defense(Defense.of(TLDMI(freeze_depth=depth)), 0).prepare(vgg)
    assert vgg.theta_c == VGG16_TRAINED[depth]
    assert vgg.theta_t == 16_776_232


@pytest.fixture(scope="module")
def vgg() -> TargetModel:
    return vgg16(1000)
