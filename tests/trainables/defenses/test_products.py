"""TL-DMI with a regulariser: the freezing of one, the loss of the other."""

import torch

from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOCOCO, BiDOHSIC
from search_spaces.defenses.freezing import TLDMI
from search_spaces.defenses.mid import MID
from tests.trainables.defenses.freezing_contract import FreezingContract
from tldmi_sweep.testing.defense_contract import CLASSES, DATA, DefenseContract, fresh_target, train
from trainables.defenses import build_defense
from trainables.models.target_model import TargetModel
from trainables.training.accuracy import unit_range


class HybridContract(FreezingContract):
    """``alone``: the regulariser without the freezing."""

    alone: Defense

    def test_the_loss_is_that_of_the_regulariser_frozen_layers_included(self) -> None:
        images, labels = unit_range(DATA.private_train.images[::3]), DATA.private_train.labels[::3]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            loss = build_defense(self.alone, 3).loss(fresh_target(self.alone), images, labels, CLASSES)
        found = self.batch_loss(self.prepared())
        assert found.total.item() == loss.total.item()
        assert found.values.keys() == loss.values.keys()
        assert all(torch.equal(value, loss.values[name]) for name, value in found.values.items())


class TestTLDMIBiDOHSIC(HybridContract, DefenseContract):
    settings = Defense.of(TLDMI(freeze_depth=2), BiDOHSIC(lambda_x=0.05, lambda_y=0.4))
    alone = Defense.of(BiDOHSIC(lambda_x=0.05, lambda_y=0.4))


class TestTLDMIBiDOCOCO(HybridContract, DefenseContract):
    settings = Defense.of(TLDMI(freeze_depth=2), BiDOCOCO(lambda_x=1.0, lambda_y=10.0))
    alone = Defense.of(BiDOCOCO(lambda_x=1.0, lambda_y=10.0))


class TestTLDMIMID(HybridContract, DefenseContract):
    settings = Defense.of(TLDMI(freeze_depth=2, frozen_bn="eval"), MID(lambda_mid=0.003))
    alone = Defense.of(MID(lambda_mid=0.003))
    follows = False


def state(settings: Defense) -> dict[str, torch.Tensor]:
    model: TargetModel = train(settings)
    return model.state_dict()


def test_without_weights_the_hybrid_with_bido_is_tl_dmi_bit_for_bit() -> None:
    plain = state(Defense.of(TLDMI(freeze_depth=2, frozen_bn="eval")))
    for bido in (BiDOHSIC(lambda_x=0, lambda_y=0), BiDOCOCO(lambda_x=0, lambda_y=0)):
        found = state(Defense.of(TLDMI(freeze_depth=2, frozen_bn="eval"), bido))
        assert all(torch.equal(value, found[name]) for name, value in plain.items())


def test_at_depth_0_the_hybrid_with_mid_is_mid_bit_for_bit() -> None:
    plain, found = (
        state(Defense.of(MID(lambda_mid=0.01))),
        state(Defense.of(TLDMI(freeze_depth=0), MID(lambda_mid=0.01))),
    )
    assert all(torch.equal(value, found[name]) for name, value in plain.items())
