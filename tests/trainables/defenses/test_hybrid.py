"""TL-DMI with BiDO-HSIC: the freezing of one, the loss of the other."""

import torch

from search_spaces.defenses import TLDMI, BiDOHSIC, TLDMIBiDOHSIC
from tests.contracts.defense_contract import CLASSES, DATA, RECIPE, DefenseContract, fresh_target
from trainables.defenses import build_defense
from trainables.models.target_model import TargetModel
from trainables.training import Training, unit_range


def train(settings: TLDMI | TLDMIBiDOHSIC) -> TargetModel:
    model, defense = fresh_target(), build_defense(settings)
    defense.prepare(model)
    Training(model, defense, RECIPE, DATA.private_train, CLASSES, seed=2).run()
    return model


class TestTLDMIBiDOHSIC(DefenseContract):
    kind = "tl_dmi+bido_hsic"
    settings = TLDMIBiDOHSIC(freeze_depth=2, lambda_x=0.05, lambda_y=0.4)

    def test_frozen_weights_are_bit_identical(self, trained: TargetModel) -> None:
        pairs = list(zip(trained.prefix_parameters(2), fresh_target().prefix_parameters(2), strict=True))
        assert len(pairs) == 8
        assert all(torch.equal(*pair) for pair in pairs)

    def test_the_loss_counts_frozen_layers_too(self) -> None:
        whole = build_defense(BiDOHSIC(lambda_x=0.05, lambda_y=0.4))
        train = DATA.private_train
        images = unit_range(train.images[::3])
        expected = whole.loss(fresh_target(), images, train.labels[::3], CLASSES).total
        assert self.batch_loss(fresh_target()).total.item() == expected.item()

    def test_no_graph_is_built_for_the_frozen_units(self) -> None:
        model, seen = fresh_target(), []
        self.defense().prepare(model)
        for unit in model.units.values():
            unit.register_forward_hook(lambda _, __, output: seen.append(output.requires_grad))
        self.batch_loss(model).total.backward()
        assert seen == [False, False, True, True, True, True]
        assert all(parameter.grad is None for parameter in model.prefix_parameters(2))

    def test_without_weights_it_is_tl_dmi_bit_for_bit(self) -> None:
        plain = train(TLDMI(freeze_depth=2, frozen_bn="eval"))
        hybrid = train(TLDMIBiDOHSIC(freeze_depth=2, lambda_x=0, lambda_y=0, frozen_bn="eval"))
        others = hybrid.state_dict()
        assert all(torch.equal(value, others[name]) for name, value in plain.state_dict().items())
