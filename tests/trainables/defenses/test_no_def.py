"""No defence trains all layers on cross-entropy alone."""

import torch

from search_spaces.defenses import Defense
from tldmi_sweep.testing.defense_contract import DefenseContract, fresh_target
from trainables.models.target_model import TargetModel


class TestNoDef(DefenseContract):
    settings = Defense()

    def test_the_total_is_the_cross_entropy(self) -> None:
        loss = self.batch_loss(fresh_target())
        assert loss.total.item() == loss.values["cross_entropy"].item()
        assert set(loss.values) == {"cross_entropy"}

    def test_every_weight_is_trained(self, trained: TargetModel) -> None:
        before = dict(fresh_target().named_parameters())
        unchanged = [name for name, value in trained.named_parameters() if torch.equal(value, before[name])]
        assert unchanged == ["neck.1.bias"]
        assert torch.count_nonzero(trained.neck[1].bias) == 0
