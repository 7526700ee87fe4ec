"""TL-DMI with a regulariser: the freezing of one, the loss of the other."""

import torch

from search_spaces.defenses import (
    MID,
    TLDMI,
    TLDMIMID,
    BiDOCOCO,
    BiDOHSIC,
    DefenseSettings,
    TLDMIBiDOCOCO,
    TLDMIBiDOHSIC,
)
from tests.contracts.defense_contract import CLASSES, DATA, DefenseContract, fresh_target, train
from tests.trainables.defenses.freezing_contract import FreezingContract
from trainables.defenses import build_defense
from trainables.models.target_model import TargetModel
from trainables.training.accuracy import unit_range


class HybridContract(FreezingContract):
    """``alone``: the regulariser without the freezing."""

    alone: DefenseSettings

    def test_the_loss_is_that_of_the_regulariser_frozen_layers_included(self) -> None:
        images, labels = unit_range(DATA.private_train.images[::3]), DATA.private_train.labels[::3]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            loss = build_defense(self.alone).loss(fresh_target(self.alone), images, labels, CLASSES)
        found = self.batch_loss(self.prepared())
        assert found.total.item() == loss.total.item()
        for one, other in zip(found[2:], loss[2:], strict=True):
            assert (one is None) == (other is None)
            assert one is None or torch.equal(one, other)


class TestTLDMIBiDOHSIC(HybridContract, DefenseContract):
    kind = "tl_dmi+bido_hsic"
    settings = TLDMIBiDOHSIC(freeze_depth=2, lambda_x=0.05, lambda_y=0.4)
    alone = BiDOHSIC(lambda_x=0.05, lambda_y=0.4)


class TestTLDMIBiDOCOCO(HybridContract, DefenseContract):
    kind = "tl_dmi+bido_coco"
    settings = TLDMIBiDOCOCO(freeze_depth=2, lambda_x=1.0, lambda_y=10.0)
    alone = BiDOCOCO(lambda_x=1.0, lambda_y=10.0)


class TestTLDMIMID(HybridContract, DefenseContract):
    kind = "tl_dmi+mid"
    settings = TLDMIMID(freeze_depth=2, lambda_mid=0.003, frozen_bn="eval")
    alone = MID(lambda_mid=0.003)
    follows = False


def state(settings: DefenseSettings) -> dict[str, torch.Tensor]:
    model: TargetModel = train(settings)
    return model.state_dict()


def test_without_weights_the_hybrid_with_bido_is_tl_dmi_bit_for_bit() -> None:
    plain = state(TLDMI(freeze_depth=2, frozen_bn="eval"))
    for hybrid in (TLDMIBiDOHSIC, TLDMIBiDOCOCO):
        found = state(hybrid(freeze_depth=2, lambda_x=0, lambda_y=0, frozen_bn="eval"))
        assert all(torch.equal(value, found[name]) for name, value in plain.items())


def test_at_depth_0_the_hybrid_with_mid_is_mid_bit_for_bit() -> None:
    plain, found = state(MID(lambda_mid=0.01)), state(TLDMIMID(freeze_depth=0, lambda_mid=0.01))
    assert all(torch.equal(value, found[name]) for name, value in plain.items())
